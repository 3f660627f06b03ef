export { type ConformOptions, conform, deviationWords } from './conform.ts';
export { compileTables, type MachineTables } from './machine-tables.ts';
export { conformOptionsOf } from './options.ts';
export type { Conformance, Deviation, Dialect, FollowedMachine, SessionLimits } from './types.ts';
