import type { Clock } from '../../machines/ports/clock.ts';
import type { ObjectInfo, ObjectStore } from '../../machines/ports/object-store.ts';
import { type ErrorCode, toFortnightError } from '../../machines/rules/errors.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import { aroundStore, type StoreCall, type StoreOperation } from './around.ts';

/** The `storage.used` fact of the event log, without who and where. Never a secret (I64). */
export interface StoreTraceRecord {
  readonly operation: StoreOperation;
  readonly key: string;
  /** Object bytes that were sent or received. */
  readonly bytes: number;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs;
  readonly status: 'ok' | ErrorCode;
  readonly generation: number;
}

export interface TraceOptions {
  readonly clock: Clock;
  /** The credential's generation (C12); 0 for the repository's own. */
  readonly generation: number;
  readonly onRecord: (record: StoreTraceRecord) => void;
}

/**
 * Tells of every call when it has ended, also of failed ones. A `getStream` and a listing end when
 * the consumer has read or left them.
 */
export function withTrace(store: ObjectStore, options: TraceOptions): ObjectStore {
  const { clock, generation, onRecord } = options;

  const begin = (call: Pick<StoreCall, 'operation' | 'key'>) => {
    const startedAt = clock.now();
    return (status: 'ok' | ErrorCode, bytes: number): void => {
      const { operation, key } = call;
      onRecord({ operation, key, bytes, startedAt, endedAt: clock.now(), status, generation });
    };
  };

  const traced = aroundStore(store, async (call, run) => {
    const end = begin(call);
    try {
      const result = await run();
      end('ok', bytesOf(call, result));
      return result;
    } catch (thrown) {
      end(toFortnightError(thrown).code, 0);
      throw thrown;
    }
  });

  return {
    ...traced,
    async getStream(key, getOptions) {
      const end = begin({ operation: 'getStream', key });
      try {
        const chunks = await store.getStream(key, getOptions);
        return traceSteps(chunks, (chunk) => chunk.byteLength, end);
      } catch (thrown) {
        end(toFortnightError(thrown).code, 0);
        throw thrown;
      }
    },
    list(prefix, listOptions) {
      const end = begin({ operation: 'list', key: prefix });
      return traceSteps(store.list(prefix, listOptions), () => 0, end);
    },
  };
}

/** Passes the steps on and tells the end once: at the last step, at an error, or on leaving. */
async function* traceSteps<Step>(
  steps: AsyncIterable<Step>,
  measure: (step: Step) => number,
  end: (status: 'ok' | ErrorCode, bytes: number) => void,
): AsyncGenerator<Step, void, undefined> {
  let bytes = 0;
  let status: 'ok' | ErrorCode = 'ok';
  try {
    for await (const step of steps) {
      bytes += measure(step);
      yield step;
    }
  } catch (thrown) {
    status = toFortnightError(thrown).code;
    throw thrown;
  } finally {
    end(status, bytes);
  }
}

function bytesOf(call: StoreCall, result: unknown): number {
  switch (call.operation) {
    case 'put':
      return call.bytes ?? 0;
    case 'putStream':
      return (result as ObjectInfo).sizeBytes;
    case 'get':
      return (result as Uint8Array).byteLength;
    case 'getStream':
    case 'head':
    case 'list':
    case 'remove':
    case 'abortUploads':
      return 0;
    default:
      return call.operation satisfies never;
  }
}
