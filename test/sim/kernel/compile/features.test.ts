import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, assign, createMachine } from 'xstate';
import { FEATURES } from './feature-machines.ts';
import { type AnyEvent, SideBySide } from './side-by-side.ts';

function wordOf(request: unknown): string {
  const { word, n, event, type } = request as {
    readonly word?: string;
    readonly n?: number;
    readonly event?: AnyEvent;
    readonly type: string;
  };
  if (type === 'said') return String(word);
  return n === undefined ? (event?.type ?? type) : String(n);
}

describe('compiled as XState runs it', () => {
  test.each(FEATURES)('$feature', ({ machine, events, said }) => {
    const pair = new SideBySide(machine, undefined);
    const heard = pair.requests.map(wordOf);
    for (const [at, type] of events.entries()) {
      pair.send({ type, at });
      heard.push(...pair.requests.map(wordOf));
    }
    expect(heard).toEqual(said);
    pair.stop();
  });
});

test('what a machine says never becomes code: names are handed over, not written', () => {
  const nasty = '"]}); throw new Error(`nasty`); //';
  const states = {
    [nasty]: {
      on: { [nasty]: { target: 'b', actions: assign({ [nasty]: nasty }) as never } },
    },
    b: {},
  };
  const machine = createMachine({
    id: nasty,
    context: { [nasty]: 0 },
    initial: nasty,
    states,
  } as never);
  const pair = new SideBySide(machine as AnyStateMachine, undefined);
  pair.send({ type: nasty });
  expect(pair.context).toEqual({ [nasty]: nasty });
  expect(pair.program.source).not.toContain('nasty');
  pair.stop();
});
