import { Box, Text, useAnimation, useInput, useWindowSize } from 'ink';
import { createElement, type ReactElement, useEffect, useMemo, useSyncExternalStore } from 'react';
import { keyNames } from './keys.ts';
import type { LiveStore } from './live-store.ts';
import type { Line, Span } from './screen/lines.ts';
import { renderScreen } from './screen/screen.ts';
import { type Signs, THEME } from './theme.ts';

/** At most so often something new is drawn, apart from the answer to a key. */
export const FRAMES_PER_SECOND_MAX = 15;

export interface AppProps {
  readonly store: LiveStore;
  readonly signs: Signs;
}

/** The whole terminal UI: keys go to the store, the store's frame comes back as lines. */
export function App({ store, signs }: AppProps): ReactElement {
  const size = useWindowSize();
  const frame = useSyncExternalStore(store.subscribe, store.frame, store.frame);
  const { columns, rows } = size;
  const screen = useMemo(
    () => renderScreen(frame, { columns, rows }, signs),
    [frame, columns, rows, signs],
  );
  useEffect(() => store.noteOffsetMax(screen.offsetMax), [store, screen.offsetMax]);
  useInput((input, key) => {
    for (const name of keyNames(input, key)) store.press(name);
  });
  return createElement(
    Box,
    { flexDirection: 'column' },
    createElement(Ticker, { store, key: 'ticker' }),
    ...screen.lines.map((parts, index) => createElement(Row, { parts, key: `row ${index}` })),
  );
}

/** The heart beat: alone in its component, so that a beat without news draws nothing. */
function Ticker({ store }: { readonly store: LiveStore }): null {
  const interval = Math.ceil(1_000 / FRAMES_PER_SECOND_MAX);
  const { time, delta } = useAnimation({ interval });
  useEffect(() => {
    if (time >= 0) store.tick(delta);
  }, [store, time, delta]);
  return null;
}

function Row({ parts }: { readonly parts: Line }): ReactElement {
  if (parts.length === 0) return createElement(Text, null, ' ');
  return createElement(
    Text,
    { wrap: 'truncate' },
    ...merged(parts).map(({ text, role }, index) =>
      createElement(Text, { ...THEME[role], key: `span ${index}` }, text),
    ),
  );
}

/** Neighbours of one look become one piece: a life bar is dozens of cells. */
function merged(parts: Line): Line {
  const joined: Span[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last?.role === part.role)
      joined[joined.length - 1] = { ...last, text: last.text + part.text };
    else joined.push(part);
  }
  return joined;
}
