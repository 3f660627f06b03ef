import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chosenEvents, EVERYTHING } from '../../../sim/trace/choice.ts';
import { drawLanes } from '../../../sim/trace/lanes.ts';
import { rowsOf } from '../../../sim/trace/rows.ts';
import { LANES, messageOf } from '../../../sim/tui/model/sequence.ts';
import { property } from '../../support/seed.ts';
import { anyLog, recordStory } from './recorded.ts';
import { STORIES } from './stories.ts';

const stories = fc.constantFrom(...STORIES.map(({ name }) => name));

describe('swim lanes', () => {
  test('C15: the strict story, drawn', async () => {
    const { events } = await recordStory('expiry-strict');
    const lines = drawLanes([...rowsOf(events)], { width: 100, ascii: true });
    expect(`\n${lines.map(({ text }) => text).join('\n')}\n`).toMatchInlineSnapshot(`
      "
                        tenant         source         gateway        target           SP           storage
      s1: backup of files, acme, vault
       0          +0ms     |---------------------- opens a backup -------------------->|              |
       1          +0ms     |  Control connection of acme is up          |              |              |
       2          +0ms     * asking for route            |              |              |              |
       3          +0ms     |<--------------------- route: direct ----------------------|              |
       4          +0ms     * starting movers             |              |              |              |
       5          +0ms     |--- starts -->|              |              |              |              |
       6          +0ms     |------------------ starts ----------------->|              |              |
       7          +0ms     * contacting SP               |              |              |              |
       8          +0ms     |              |              |              |--- contact ->|              |
       9          +0ms     |  Control connection of target is up        |              |              |
      10          +0ms     * needs credential            |              |              |              |
      11          +0ms     * check: renew |              |              |              |              |
      12          +0ms     |---------------------- asks (connect) -------------------->|              |
      13          +0ms     |              |              |              |              * check: renew |
      14          +5ms     |              |              |              |              |<- issues 1 --|
      15          +5ms     |              |              |              |              * saves it     |
      16          +5ms     |              |              |              |<-------------| grants 16 MiB
      17          +5ms     |              |              |              |<- sealed 1 --|              |
      18          +5ms     * running      |              |              |              |              |
      19         +10ms     |              |              |              |---------- list x2 --------->|
      21         +15ms     |  Fault: jump at storage     |              |              |              |
                           :  15d later   :              :              :              :              :
      22     +15d 15ms     * aborting transfer           |              |              |              |
      23     +15d 15ms     |              |              |              |-- put: credential.expired ->|
      24     +15d 15ms     |              |              |              |------- put x2 128 KiB ----->|
      26     +15d 15ms     |  Control connection of target is down      |              |              |
      27     +15d 15ms     * stopping movers             |              |              |              |
      28     +15d 15ms     |  Control connection of acme is down        |              |              |
      29     +15d 15ms     |              * ends         |              |              |              |
      30     +15d 15ms     |              |              |              * ends         |              |
      31     +15d 15ms     * closing      |              |              |              |              |
      32  +15d 1s 15ms     |  Control connection of acme is up          |              |              |
      33  +15d 1s 15ms     |              |              |              |------------->| returns 16 MiB
      34  +15d 1s 15ms     * failed       |              |              |              |              |
      35  +15d 1s 15ms     |              |              |              |---------- 128 KiB --------->|
      36  +15d 1s 15ms     |----------------------- ends: failed --------------------->|              |
      37  +15d 1s 15ms     |  Control connection of acme is down        |              |              |
      "
    `);
  });

  test('below 60 columns of room the messages are written out', async () => {
    const { events } = await recordStory('backup-gateway');
    const lines = drawLanes([...rowsOf(events)], { width: 50, ascii: true });
    expect(lines.map(({ text }) => text)).toContain(' 3   +0ms  SP -> tenant: route: gateway');
  });

  property(
    'no line is wider than the terminal, and ASCII is ASCII',
    [stories, fc.integer({ min: 40, max: 200 }), fc.boolean()],
    async (name, width, ascii) => {
      const { events } = await recordStory(name);
      for (const { text } of drawLanes([...rowsOf(events)], { width, ascii })) {
        expect(text.length).toBeLessThanOrEqual(width);
        if (ascii) expect(text).toMatch(/^[ -~]*$/);
      }
      return true;
    },
    { numRuns: 40 },
  );

  property('any log can be drawn', [anyLog], (events) => {
    drawLanes([...rowsOf(events)], { width: 80, ascii: true });
    return true;
  });

  property(
    'every message stands in one row, in the order of the log; folding loses none',
    [stories],
    async (name) => {
      const { events } = await recordStory(name);
      const rows = [...rowsOf(events)];
      const messages = rows.filter((row) => row.kind === 'message');
      const total = messages.reduce((sum, { count }) => sum + count, 0);
      expect(total).toBe(events.filter((event) => messageOf(event) !== null).length);
      const seqs = messages.flatMap(({ seq, lastSeq }) => [seq, lastSeq]);
      expect(seqs).toEqual([...seqs].sort((left, right) => left - right));
      expect(messages.every(({ message }) => LANES.includes(message.from))).toBe(true);
      return true;
    },
    { numRuns: STORIES.length },
  );

  test('idle time is folded: 13 days are one row', async () => {
    const { events } = await recordStory('renewal-at-the-line');
    const idle = [...rowsOf(events)].filter((row) => row.kind === 'idle');
    expect(idle).toHaveLength(1);
    expect(idle.map(({ fromAt, toAt }) => toAt - fromAt)).toEqual([13 * 86_400_000 - 25]);
  });
});

describe('a part of a trace', () => {
  test('C12: a session comes with what its credential goes through, and no other', async () => {
    const { events } = await recordStory('renewal-1ms-after-the-line');
    const chosen = [...chosenEvents(events, { ...EVERYTHING, session: 's2' })];
    const issued = chosen.filter(({ type }) => type === 'credential.issued');
    expect(issued.map(({ data }) => data.generation)).toEqual([2]);
    expect(chosen.every(({ session }) => session === 's2' || session === null)).toBe(true);
  });

  test('a scope comes with its sessions; from and to count', async () => {
    const { events } = await recordStory('renewal-at-the-line');
    const chosen = [...chosenEvents(events, { ...EVERYTHING, scope: 'acme/vault' })];
    expect(new Set(chosen.map(({ session }) => session))).toEqual(new Set(['s1', 's2', null]));
    expect([...chosenEvents(events, { ...EVERYTHING, scope: 'acme/other' })]).toEqual([]);
    const part = [...chosenEvents(events, { ...EVERYTHING, from: 5, to: 9 })];
    expect(part.map(({ seq }) => seq)).toEqual([5, 6, 7, 8, 9]);
  });
});
