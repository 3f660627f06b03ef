import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createRealClock } from '../../../adapters/clock/index.ts';

/** When a dump was made: at SIGUSR2, or at the first signature of a request. */
export type Moment = 'asked' | 'signing';

interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[], ...unknown[]];
    };
  };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

/** What lived in a process at one moment, as `dump-memory.ts` has written it. */
export interface MemoryDump {
  readonly strings: readonly string[];
  /** The contents of all array buffers, one after the other. */
  readonly bytes: Buffer;
}

export function readDump(folder: string, pid: number, moment: Moment): MemoryDump {
  const path = join(folder, `${pid}-${moment}`);
  const snapshot = JSON.parse(readFileSync(`${path}.heapsnapshot`, 'utf8')) as Snapshot;
  return { bytes: readFileSync(`${path}.bytes`), strings: liveStrings(snapshot) };
}

/** Asks a process that was started with `dump-memory.ts` what lives in it now. */
export async function askForDump(folder: string, pid: number): Promise<MemoryDump> {
  const file = join(folder, `${pid}-asked.heapsnapshot`);
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  const clock = createRealClock();
  while (!existsSync(file)) {
    await new Promise<void>((resolve) => clock.wakeAt(clock.now() + 20, resolve));
  }
  return readDump(folder, pid, 'asked');
}

/** Each string object of the heap. */
function liveStrings({ snapshot, nodes, strings }: Snapshot): readonly string[] {
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [typeAt, nameAt] = [fields.indexOf('type'), fields.indexOf('name')];
  const textType = types[0].indexOf('string');
  const found: string[] = [];
  for (let node = 0; node < nodes.length; node += fields.length) {
    if (nodes[node + typeAt] === textType) found.push(strings[nodes[node + nameAt] ?? 0] ?? '');
  }
  return found;
}
