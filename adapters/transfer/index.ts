export { createSourceEngine } from './source-engine.ts';
export { createTargetEngine } from './target-engine.ts';
export * from './types.ts';
