import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ConnectionInput,
  type ConnectionRequest,
  controlConnectionMachine,
} from '../../../../machines/control-connection/index.ts';
import { type HostedMachine, hostMachine } from '../../../../machines/ports/machine-host.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../../machines/rules/time.ts';
import {
  ACTIVE,
  compileMachine,
  FAILED,
  TableHost,
  type TableHostOptions,
  Timeline,
} from '../../../../sim/kernel/compile/index.ts';
import { createDriver, createSettle } from '../../../../sim/kernel/index.ts';
import { describeClockContract } from '../../../contract/clock.contract.ts';
import { START } from '../../../model/start.ts';
import { property } from '../../../support/seed.ts';

const settle = createSettle();
const program = compileMachine(controlConnectionMachine);
const INPUT: ConnectionInput = {
  handshakeTimeoutMs: 10 * SECOND_MS,
  heartbeatMs: 30 * SECOND_MS,
  silenceMs: 90 * SECOND_MS,
  backoffFirstMs: SECOND_MS,
  backoffCapMs: MINUTE_MS,
};

describeClockContract('timeline', (startAt) => {
  const clock = new Timeline(startAt);
  const driver = createDriver(clock, { settle });
  return {
    clock,
    advance: async (byMs) => {
      await driver.advanceTo(clock.now() + byMs);
    },
  };
});

/** The two kinds of hosts, as far as a world needs them. */
interface Hosts {
  start(): void;
  send(machine: number, type: string): void;
  /** The process dies and is back at once, from its snapshot. */
  crash(machine: number): void;
  describe(machine: number): string;
}
type Heard = (machine: number, what: string) => void;

function actors(timeline: Timeline, heard: Heard): Hosts {
  type Hosted = HostedMachine<typeof controlConnectionMachine>;
  const hosted: Hosted[] = [];
  const create = (machine: number, snapshot?: unknown): Hosted =>
    hostMachine({
      machine: controlConnectionMachine,
      clock: timeline,
      input: INPUT,
      ...(snapshot === undefined ? {} : { snapshot: snapshot as never }),
      onRequest: (request) => heard(machine, request.type),
      onError: (error) => heard(machine, String(error)),
    });
  return {
    start: () => {
      hosted.push(create(hosted.length));
    },
    send: (machine, type) => hosted[machine]?.send({ type } as never),
    crash: (machine) => {
      const old = hosted[machine] as Hosted;
      if (old.snapshot().status !== 'active') return;
      const snapshot = JSON.parse(JSON.stringify(old.persist()));
      old.stop();
      hosted[machine] = create(machine, snapshot);
    },
    describe: (machine) => {
      const { value, context } = (hosted[machine] as Hosted).snapshot();
      return JSON.stringify([value, context]);
    },
  };
}

function tables(timeline: Timeline, heard: Heard): Hosts {
  // A restored machine has a number of its own; the world goes on with the old one.
  const numbers: number[] = [];
  const nameOf = (machine: number): number => {
    const known = numbers.indexOf(machine);
    return known === -1 ? numbers.length : known;
  };
  const host = new TableHost({
    program,
    timeline,
    onRequest: (machine, request) => heard(nameOf(machine), request.type),
    onError: (machine, error) => heard(nameOf(machine), String(error)),
  });
  return {
    start: () => {
      numbers.push(host.start(INPUT));
    },
    send: (machine, type) =>
      host.send(numbers[machine] as number, { type, at: timeline.now() } as never),
    crash: (machine) => {
      const old = numbers[machine] as number;
      if (host.status(old) !== ACTIVE) return;
      const snapshot = JSON.parse(JSON.stringify(host.persist(old)));
      host.stop(old);
      numbers[machine] = host.restore(snapshot);
    },
    describe: (machine) => {
      const number = numbers[machine] as number;
      return JSON.stringify([program.valueOf(host.state(number)), host.context(number)]);
    },
  };
}

interface Draw {
  /** How the world answers, one after the other; past the end after 10 ms. */
  readonly answers: readonly number[];
  readonly happenings: readonly { afterMs: number; machine: number; what: string }[];
}

/** So that an answer and a deadline of the machine are due at the same instant. */
const DEADLINES_MS = [INPUT.handshakeTimeoutMs, INPUT.heartbeatMs, INPUT.silenceMs];

const draws: fc.Arbitrary<Draw> = fc.record({
  // 0 answers at once, while the requests of the step are still being handed over.
  answers: fc.array(fc.constantFrom(0, 0, 1, 10, ...DEADLINES_MS, -1), {
    maxLength: 60,
    size: 'max',
  }),
  happenings: fc.array(
    fc.record({
      afterMs: fc.nat(20).map((steps) => steps * 30 * SECOND_MS),
      machine: fc.nat(2),
      what: fc.constantFrom(
        'crash',
        'link.lost',
        'connection.released',
        'connection.required',
        'x',
      ),
    }),
    { maxLength: 8 },
  ),
});

const ANSWERS: Readonly<Partial<Record<ConnectionRequest['type'], string>>> = {
  'link.open': 'link.opened',
  'hello.send': 'hello.accepted',
  'heartbeat.send': 'peer.heard',
  // Said to a neighbour too: a step of one machine within the step of another.
  'connection.down': 'connection.required',
};

/** Three connections in one world for twelve minutes; everything that is heard, in order. */
function logOf(draw: Draw, create: (timeline: Timeline, heard: Heard) => Hosts): readonly string[] {
  const timeline = new Timeline(START);
  const log: string[] = [];
  let answered = 0;
  const hosts = create(timeline, (machine, what) => {
    log.push(`${timeline.now() - START} ${machine} ${what}`);
    const answer = ANSWERS[what as ConnectionRequest['type']];
    if (answer === undefined) return;
    const delayMs = draw.answers[answered] ?? 10;
    answered += 1;
    const target = answer === 'connection.required' ? (machine + 1) % 3 : machine;
    if (delayMs === 0) hosts.send(target, answer);
    if (delayMs > 0) timeline.wakeAt(timeline.now() + delayMs, () => hosts.send(target, answer));
  });
  for (let machine = 0; machine < 3; machine += 1) hosts.start();
  for (let machine = 0; machine < 3; machine += 1) hosts.send(machine, 'connection.required');
  for (const { afterMs, machine, what } of draw.happenings) {
    timeline.wakeAt(START + afterMs, () => {
      if (what === 'crash') hosts.crash(machine);
      else hosts.send(machine, what);
    });
  }
  for (let minute = 1; minute <= 12; minute += 1) {
    timeline.advanceTo(START + minute * MINUTE_MS);
    for (let machine = 0; machine < 3; machine += 1) log.push(hosts.describe(machine));
  }
  log.push(`${timeline.pendingCount} pending`);
  return log;
}

describe('a table host and the host of XState actors', () => {
  property(
    'always say the same in the same order: nested answers, equal instants, crashes',
    [draws],
    (draw) => {
      expect(logOf(draw, tables)).toEqual(logOf(draw, actors));
      return true;
    },
    { numRuns: 300 },
  );
});

type Options = TableHostOptions<typeof controlConnectionMachine>;

function hostOf(timeline: Timeline, chosen: Partial<Options> = {}) {
  return new TableHost<typeof controlConnectionMachine>({
    program,
    timeline,
    onRequest: () => {},
    onError: (_, error) => {
      throw error;
    },
    ...chosen,
  });
}

describe('a table host', () => {
  const required = (at: number) => ({ type: 'connection.required', at }) as const;

  test('gives the number of a stopped machine to the next one, without its timers', () => {
    const timeline = new Timeline(START);
    const host = hostOf(timeline);
    const first = host.start(INPUT);
    host.send(first, required(START));
    expect(timeline.pendingCount).toBe(1);
    host.stop(first);
    expect([timeline.pendingCount, host.size]).toEqual([0, 0]);
    expect(host.start(INPUT)).toBe(first);
    timeline.advanceTo(START + HOUR_MS);
    expect(program.states[host.state(first)]).toBe('idle');
  });

  test('a machine that its own request stops says what it had to say and takes nothing more', () => {
    const timeline = new Timeline(START);
    const heard: string[] = [];
    const host = hostOf(timeline, {
      onRequest: (machine, request) => {
        heard.push(request.type);
        if (request.type === 'link.open') host.stop(machine);
      },
    });
    const machine = host.start(INPUT);
    host.send(machine, required(START));
    expect([heard, timeline.pendingCount, host.size]).toEqual([['link.open'], 0, 0]);
    expect(host.start(INPUT)).toBe(machine);
  });

  test('an unknown event kills one machine and no other (I70)', () => {
    const timeline = new Timeline(START);
    const errors: string[] = [];
    const host = hostOf(timeline, {
      onError: (machine, error) => errors.push(`${machine} ${error}`),
    });
    const [dead, alive] = [host.start(INPUT), host.start(INPUT)];
    for (const machine of [dead, alive]) host.send(machine, required(START));
    host.send(dead, { type: 'nobody.knows', at: START } as never);
    expect(errors).toEqual([expect.stringMatching(/^0 UnexpectedEventError: .*"nobody.knows"/)]);
    expect([host.status(dead), host.status(alive)]).toEqual([FAILED, ACTIVE]);
    expect(timeline.pendingCount).toBe(1);
  });

  test('time arrives: an event of another instant is refused', () => {
    const host = hostOf(new Timeline(START));
    const machine = host.start(INPUT);
    expect(() => host.send(machine, required(START - 1))).toThrow(/arrives when the clock shows/);
  });

  test("deadlines are due on the machine's own clock, also after it has jumped (F7)", () => {
    const timeline = new Timeline(START);
    const aheadMs = [0, HOUR_MS];
    const host = hostOf(timeline, {
      clocks: {
        shownAt: (machine, at) => at + (aheadMs[machine] as number),
        instantOf: (machine, shown) => shown - (aheadMs[machine] as number),
      },
    });
    for (const machine of [host.start(INPUT), host.start(INPUT)]) {
      host.send(machine, required(host.now(machine)));
    }
    expect(host.context(1).deadlines.handshake).toBe(START + HOUR_MS + 10 * SECOND_MS);
    expect(timeline.nextDueAt()).toBe(START + 10 * SECOND_MS);
    aheadMs[1] = HOUR_MS + 4 * SECOND_MS;
    host.rearm(1);
    expect(timeline.nextDueAt()).toBe(START + 6 * SECOND_MS);
    timeline.advanceTo(START + 6 * SECOND_MS);
    expect([0, 1].map((machine) => program.states[host.state(machine)])).toEqual([
      'dialing',
      'backingOff',
    ]);
  });

  test('ten thousand machines share one heap, and it forgets what nobody waits for', () => {
    const timeline = new Timeline(START);
    const host = hostOf(timeline);
    for (let machine = 0; machine < 10_000; machine += 1) {
      host.start(INPUT);
      host.send(machine, required(START));
    }
    timeline.advanceTo(START + HOUR_MS);
    expect(timeline.pendingCount).toBe(10_000);
    for (let machine = 0; machine < 10_000; machine += 1) host.stop(machine);
    expect([timeline.pendingCount, timeline.nextDueAt(), host.size]).toEqual([0, null, 0]);
  });
});
