import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { itfLines } from '../../../sim/trace/itf.ts';
import { mermaidLines } from '../../../sim/trace/mermaid.ts';
import { rowsOf } from '../../../sim/trace/rows.ts';
import { SHIVIZ_REGEX, shivizLines } from '../../../sim/trace/shiviz.ts';
import { property } from '../../support/seed.ts';
import { anyLog, recordStory } from './recorded.ts';
import { STORIES } from './stories.ts';

const stories = fc.constantFrom(...STORIES.map(({ name }) => name));
const EACH = { numRuns: STORIES.length };

describe('Mermaid', () => {
  /** The lines of the sequence diagram grammar that an export uses. */
  const GRAMMAR = [
    /^sequenceDiagram$/,
    /^ {2}title \S.*$/,
    /^ {2}participant [A-Z] as [\w ]+$/,
    /^ {2}Note over [A-Z](,[A-Z])?: \S.*$/,
    /^ {2}[A-Z]->>[A-Z]: \S.*$/,
  ];

  property(
    'every line is one of a sequence diagram, also with names that mean something to it',
    [stories, fc.string({ minLength: 1, unit: fc.constantFrom(...'a;#%<>\n:"') })],
    async (name, backup) => {
      const { events } = await recordStory(name);
      const odd = events.map((event) => ({
        ...event,
        data: { ...event.data, backup, key: backup },
      }));
      const lines = [...mermaidLines(rowsOf(odd), `story ${name}`)];
      for (const line of lines) {
        expect(GRAMMAR.some((pattern) => pattern.test(line))).toBe(true);
        // `;` only as the end of an entity: elsewhere it would end the line.
        expect(line.replace(/#\d+;/g, '')).not.toMatch(/[;#<]|%%/);
      }
      return true;
    },
    { numRuns: 30 },
  );

  test('P3: the steps of a direct backup, in their order', async () => {
    const { events } = await recordStory('backup-direct');
    const text = [...mermaidLines(rowsOf(events), 'story')].join('\n');
    const steps = [
      'T->>S: opens a backup',
      'S->>T: route: direct',
      'W->>S: contact',
      'T->>S: asks',
    ];
    const more = ['O->>S: issues 1', 'S->>W: sealed 1', 'W->>O: put', 'T->>S: ends: done'];
    const places = [...steps, ...more].map((step) => text.indexOf(step));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((left, right) => left - right));
  });
});

type ItfValue =
  | string
  | { readonly '#bigint': string }
  | { readonly '#map': readonly (readonly [string, ItfValue])[] };
type ItfState = { readonly '#meta': { readonly index: number } } & Readonly<
  Record<string, ItfValue>
>;
interface Itf {
  readonly '#meta': {
    readonly format: string;
    readonly varTypes: Readonly<Record<string, string>>;
  };
  readonly vars: readonly string[];
  readonly states: readonly ItfState[];
}

async function itfOf(name: string): Promise<Itf> {
  const { events, header } = await recordStory(name);
  return JSON.parse([...itfLines(events, header, name)].join('\n')) as Itf;
}

/** The type of an ITF value in Apalache's notation; a map without members fits any map. */
function fits(value: ItfValue | undefined, type: string): boolean {
  if (type === 'Str') return typeof value === 'string';
  if (typeof value !== 'object') return false;
  if (type === 'Int') return '#bigint' in value && /^-?\d+$/.test(value['#bigint']);
  const [from = '', to = ''] = type.split(' -> ');
  return '#map' in value && value['#map'].every(([key, one]) => fits(key, from) && fits(one, to));
}

describe('ITF', () => {
  property(
    'each state has every variable in its type, numbered from 0',
    [stories],
    async (name) => {
      const itf = await itfOf(name);
      const types = itf['#meta'].varTypes;
      expect(itf['#meta'].format).toBe('ITF');
      expect([...itf.vars].sort()).toEqual(Object.keys(types).sort());
      for (const [index, state] of itf.states.entries()) {
        expect(state['#meta']).toEqual({ index });
        expect(Object.keys(state).sort()).toEqual(['#meta', ...itf.vars].sort());
        for (const variable of itf.vars) {
          expect(fits(state[variable], types[variable] as string)).toBe(true);
        }
      }
      return true;
    },
    EACH,
  );

  test('C2: the last state holds the second generation and both sessions done', async () => {
    const { states } = await itfOf('renewal-1ms-after-the-line');
    expect(states.at(-1)).toMatchObject({
      generation: { '#map': [['acme/vault', { '#bigint': '2' }]] },
      sessionState: {
        '#map': [
          ['s1', 'done'],
          ['s2', 'done'],
        ],
      },
    });
  });
});

interface ShivizEvent {
  readonly host: string;
  readonly clock: Readonly<Record<string, number>>;
  readonly event: string;
}

function readShiviz(events: Iterable<LogEvent>): readonly ShivizEvent[] {
  const [first, second, ...lines] = [...shivizLines(events)];
  expect([first, second]).toEqual([SHIVIZ_REGEX, '']);
  const pattern = new RegExp(`^${first}$`);
  expect(pattern.test(SHIVIZ_REGEX)).toBe(false);
  return lines.map((line) => {
    const groups = pattern.exec(line)?.groups;
    expect(groups).toBeDefined();
    const { host = '', clock = '', event = '' } = groups ?? {};
    return { host, clock: JSON.parse(clock), event };
  });
}

describe('ShiViz', () => {
  property(
    'vector clocks: own entry counts by one, others only grow and name what has happened',
    [stories],
    async (name) => {
      const { events } = await recordStory(name);
      const latest = new Map<string, Readonly<Record<string, number>>>();
      for (const { host, clock } of readShiviz(events)) {
        const before = latest.get(host) ?? {};
        expect(clock[host]).toBe((before[host] ?? 0) + 1);
        for (const [other, count] of Object.entries(clock)) {
          expect(count).toBeGreaterThanOrEqual(before[other] ?? 0);
          if (other !== host) expect(latest.get(other)?.[other] ?? 0).toBeGreaterThanOrEqual(count);
        }
        latest.set(host, clock);
      }
      return true;
    },
    EACH,
  );

  test('C6: what the mover does with a credential comes after its issue at the storage', async () => {
    const { events } = await recordStory('backup-direct');
    const all = readShiviz(events);
    const issue = all.find(({ host, event }) => host === 'storage' && event.includes('issued'));
    const use = all.find(({ host }) => host === 'mover:s1:target');
    expect(issue?.clock.storage).toBe(1);
    expect(use?.clock.storage).toBeGreaterThanOrEqual(1);
    expect(use?.clock.sp).toBeGreaterThan(0);
    expect(use?.clock['tenant:acme']).toBeGreaterThan(0);
  });

  test('M8: what the tenant does next comes after the route that the SP selected', async () => {
    const { events } = await recordStory('backup-direct');
    const all = readShiviz(events);
    const route = all.findIndex(
      ({ host, event }) => host === 'sp' && event.startsWith('Direct to'),
    );
    const next = all.slice(route).find(({ host }) => host === 'tenant:acme');
    expect(all[route]?.clock['tenant:acme']).toBeGreaterThan(0);
    expect(next?.clock.sp).toBe(all[route]?.clock.sp);
  });

  test('what nobody told each other is not ordered', async () => {
    const { events } = await recordStory('backup-direct');
    const all = readShiviz(events);
    const running = all.find(({ event }) => event === 'State: running');
    const use = all.find(({ host }) => host === 'mover:s1:target');
    const knows = (one: ShivizEvent | undefined, other: ShivizEvent | undefined): boolean =>
      (one?.clock[other?.host ?? ''] ?? 0) >= (other?.clock[other.host] ?? 1);
    expect([knows(running, use), knows(use, running)]).toEqual([false, false]);
  });
});

property('any log can be exported, and ShiViz can read every line', [anyLog], (events) => {
  const header = { seed: '1', build: 'test', options: {} };
  for (const _line of mermaidLines(rowsOf(events), 'any')) void _line;
  JSON.parse([...itfLines(events, header, 'any')].join('\n'));
  expect(readShiviz(events).length).toBeGreaterThanOrEqual(events.length);
  return true;
});
