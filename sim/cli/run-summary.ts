export type * from '../world/run-summary.ts';
