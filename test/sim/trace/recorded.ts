import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll } from 'vitest';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { formatTrace, type Trace } from '../../../sim/kernel/index.ts';
import { parseScenario } from '../../../sim/scenario/index.ts';
import { type PlacedAct, type Recipe, scenarioHeader } from '../../../sim/trace/recipe.ts';
import type { RunVerdict } from '../../../sim/trace/replayers.ts';
import { replayScenario } from '../../../sim/trace/scenario-replayer.ts';
import { anyEvent } from '../../tui/arbitrary-events.ts';
import { STORIES, type Story } from './stories.ts';

export interface Recorded extends Trace {
  readonly header: Recipe;
  readonly verdict: RunVerdict;
}

export function recipeFor(text: string, acts: readonly PlacedAct[] = [], build = 'golden'): Recipe {
  const read = parseScenario(text, { file: 'story', baseFolder: '/', isFolder: () => true });
  if (!read.ok) throw new Error(read.problems.map((one) => one.text).join('; '));
  const { scenario } = read;
  return scenarioHeader({ scenario, text, world: 'memory', build, baseFolder: '/', acts });
}

/** Runs a scenario in the memory world and keeps its trace. */
export async function record(
  text: string,
  acts: readonly PlacedAct[] = [],
  build = 'golden',
): Promise<Recorded> {
  const header = recipeFor(text, acts, build);
  const events: LogEvent[] = [];
  const see = (event: LogEvent): void => void events.push(event);
  const verdict = await replayScenario(header, see, new AbortController().signal);
  return { header, events, verdict };
}

export function storyNamed(name: string): Story {
  const found = STORIES.find((story) => story.name === name);
  if (found === undefined) throw new Error(`no story ${name}`);
  return found;
}

const known = new Map<string, Promise<Recorded>>();

/** Each story is run once for all tests of a file. */
export function recordStory(name: string): Promise<Recorded> {
  const running = known.get(name) ?? record(storyNamed(name).text, storyNamed(name).acts);
  known.set(name, running);
  return running;
}

/** A folder for the tests of one file; gone afterwards. */
export function scratchFolder(): {
  readonly path: string;
  write(name: string, text: string): string;
} {
  const path = mkdtempSync(join(tmpdir(), 'fortnight-trace-'));
  afterAll(() => rmSync(path, { recursive: true }));
  return {
    path,
    write: (name, text) => {
      writeFileSync(join(path, name), text);
      return name;
    },
  };
}

/** Any log that a trace file can hold. */
export const anyLog: fc.Arbitrary<readonly LogEvent[]> = fc
  .array(fc.tuple(anyEvent(), fc.maxSafeInteger()))
  .map((drawn) => drawn.map(([event, at], seq) => ({ ...event, seq, at })));

export function textOf(trace: Trace): string {
  return formatTrace(trace);
}

/** The same log with one event changed. */
export function withEvent(
  events: readonly LogEvent[],
  position: number,
  change: (event: LogEvent) => LogEvent,
): readonly LogEvent[] {
  return events.map((event, index) => (index === position ? change(event) : event));
}
