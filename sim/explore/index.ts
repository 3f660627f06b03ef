/**
 * All interleavings of the project's machines in small systems: the SP's desk of a scope (credential
 * lifecycle) and the sessions that use it, with crashes, losses, late and repeated answers within a
 * budget. See `docs/verification.md` for what that proves.
 */
export type { Broken } from './cell.ts';
export { MACHINES, type Machines } from './cells-of.ts';
export { Checker, type CheckOptions, type SystemReport } from './check-system.ts';
export type { MachineCoverage } from './coverage.ts';
export type { Exercised } from './exercised.ts';
export { Search, type SearchResult } from './search.ts';
export { type Bounds, FAULTS, type FaultKind, type SystemSettings } from './settings.ts';
export type { StoryStep } from './story.ts';
export { System } from './system.ts';
export { deskNamed, SYSTEMS, systemNamed } from './systems.ts';
