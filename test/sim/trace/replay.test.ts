import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { formatEvent } from '../../../sim/kernel/index.ts';
import { replay } from '../../../sim/trace/replay.ts';
import { property } from '../../support/seed.ts';
import { record, recordStory, withEvent } from './recorded.ts';

/** What a drawn run is made of: every way of the data, and every kind of step. */
const REPOSITORIES = [
  'mode: gateway',
  'mode: direct, access: unset',
  'mode: direct, access: backup-server',
  'mode: direct, access: share',
  'mode: direct, access: iam-sts',
  'mode: direct, access: iam-sts, inSession: proactive',
  'mode: direct, access: iam-sts, inSession: strict',
];

const STEPS = [
  '{ run: files }',
  '{ run: files, operation: restore }',
  '{ warp: 13d1h }',
  '{ warp: { to: renewalLine, of: files } }',
  '{ warp: 40d }',
  '{ fault: { site: storage, operation: PutObject, nth: 2, error: SlowDown } }',
  '{ fault: { site: storage, operation: PutObject, nth: 2, jump: 15d } }',
  '{ fault: { site: channel, nth: 5, down: 2m } }',
  '{ set: { tenant: acme, quota: 96KiB } }',
  '{ set: { tenant: acme, disabled: true } }',
  '{ restoreAll: true }',
];

const scenarios = fc
  .record({
    repository: fc.constantFrom(...REPOSITORIES),
    kind: fc.constantFrom('agent', 'server'),
    seed: fc.integer({ min: 0, max: 1_000 }),
    kibibytes: fc.integer({ min: 1, max: 512 }),
    steps: fc.array(fc.constantFrom(...STEPS), { minLength: 1, maxLength: 4 }),
    act: fc.option(
      fc.record({
        position: fc.integer({ min: 1, max: 60 }),
        act: fc.constantFrom('restartProvider' as const, 'dropConnections' as const),
      }),
    ),
  })
  .map(({ repository, kind, seed, kibibytes, steps, act }) => {
    const isDirect = repository.includes('iam-sts');
    const usable = steps.filter((step) => isDirect || !step.includes('renewalLine'));
    const text = [
      'version: 1',
      `seed: ${seed}`,
      'storages: [{ name: minio, kind: s3-compatible, longestSession: 365d }]',
      `repositories: [{ name: vault, storage: minio, ${repository} }]`,
      'tenants: [{ name: acme, quota: 1MiB }]',
      'jobs:',
      '  - name: files',
      '    tenant: acme',
      '    repository: vault',
      `    kind: ${kind}`,
      `    source: { synthetic: { files: 2, size: ${kibibytes}KiB } }`,
      '    blockSize: 64KiB',
      'steps:',
      '  - { run: files }',
      ...usable.map((step) => `  - ${step}`),
    ].join('\n');
    return { text, acts: act === null ? [] : [act] };
  });

describe('replay', () => {
  property(
    'I76: any run in the memory world is replayed event by event',
    [scenarios],
    async ({ text, acts }) => {
      const { header, events } = await record(text, acts);
      const { difference, sameCount } = await replay({ recipe: header, recorded: events });
      return difference === null && sameCount === events.length;
    },
    { numRuns: 10 },
  );

  property(
    'one changed event is found, at its place, with what came before it',
    [fc.nat(), fc.constantFrom('at', 'node', 'type', 'session', 'data')],
    async (drawn, field) => {
      const { header, events } = await recordStory('renewal-at-the-line');
      const position = drawn % events.length;
      const recorded = withEvent(events, position, (event) => changed(event, field));
      const { difference, sameCount } = await replay({ recipe: header, recorded });
      expect(sameCount).toBe(position);
      expect(difference?.recorded).toEqual(recorded[position]);
      expect(difference?.replayed).toEqual(events[position]);
      expect(difference?.context).toEqual(events.slice(Math.max(0, position - 3), position));
      return true;
    },
    { numRuns: 12 },
  );

  test('a recording that ends too early, or too late, is different', async () => {
    const { header, events } = await recordStory('backup-gateway');
    const short = await replay({ recipe: header, recorded: events.slice(0, -1) });
    expect(short.difference).toMatchObject({ recorded: null, replayed: events.at(-1) });
    const last = events.at(-1) as LogEvent;
    const more = { ...last, seq: last.seq + 1 };
    const long = await replay({ recipe: header, recorded: [...events, more] });
    expect(long.difference).toMatchObject({ recorded: more, replayed: null });
  });

  test('--to stops after that event, and says nothing of what comes later', async () => {
    const { header, events } = await recordStory('backup-direct');
    const recorded = withEvent(events, 12, (event) => ({ ...event, node: 'elsewhere' }));
    const { difference, last, verdict } = await replay({ recipe: header, recorded, to: 11 });
    expect([difference, last?.seq, verdict]).toEqual([null, 11, null]);
    expect((await replay({ recipe: header, recorded, to: 12 })).difference).not.toBeNull();
  });

  test('what the run expected of itself is told again', async () => {
    const text = (await recordStory('backup-direct')).header.options.text as string;
    const wrong = text.replace('generation: 1', 'generation: 7');
    const { header, events } = await record(wrong);
    const { verdict } = await replay({ recipe: header, recorded: events });
    expect(verdict?.violations).toMatchObject([
      { invariant: 'expect', text: 'Expected generation 7, found 1.' },
    ]);
  });

  test('a line of the recording that cannot be read is its own fault', async () => {
    const { header, events } = await recordStory('backup-gateway');
    function* torn(): IterableIterator<LogEvent> {
      yield* events.slice(0, 5);
      throw new Error('line 7 is torn');
    }
    await expect(replay({ recipe: header, recorded: torn() })).rejects.toThrow('line 7 is torn');
  });

  test('another seed in the header is another run', async () => {
    const { header, events } = await recordStory('backup-gateway');
    const { difference } = await replay({ recipe: { ...header, seed: '15' }, recorded: events });
    const keys = [difference?.recorded, difference?.replayed].map((event) =>
      event == null ? '' : formatEvent(event),
    );
    expect(keys[0]).not.toBe(keys[1]);
  });
});

function changed(event: LogEvent, field: string): LogEvent {
  switch (field) {
    case 'at':
      return { ...event, at: event.at + 1 };
    case 'data':
      return { ...event, data: { ...event.data, planted: true } };
    case 'session':
      return { ...event, session: event.session === null ? 's1' : null };
    case 'node':
      return { ...event, node: `${event.node}x` };
    default:
      return { ...event, type: `${event.type}x` };
  }
}
