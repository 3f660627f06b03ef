export { canonicalJson } from './canonical-json.ts';
export {
  createDriver,
  DeadlockError,
  type DeadlockReport,
  type Driver,
  type DriverOptions,
} from './driver.ts';
export {
  createEventLog,
  createTraceSink,
  type EventLogOptions,
  type EventSink,
  type RunLog,
} from './event-log.ts';
export { createPrng, type Prng } from './prng.ts';
export { SecretLeakError, SecretTripwire } from './secret-tripwire.ts';
export { createSettle, type Settle } from './settle.ts';
export {
  createTraceHasher,
  formatEvent,
  formatHeader,
  formatTrace,
  parseEventLine,
  parseHeaderLine,
  parseTrace,
  TRACE_VERSION,
  type Trace,
  TraceFormatError,
  type TraceHasher,
  type TraceHeader,
  traceHash,
} from './trace.ts';
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts';
