export { verifyLive } from './live.ts';
export type { PointReport, Verdict } from './outcome.ts';
export { junitDocument } from './report/junit.ts';
export { countSentence, endSentence, VERDICT_WORDS } from './report/words.ts';
export type { VerifyEnd, VerifyReport } from './run.ts';
export { loadTarget } from './target/load.ts';
export { readSecrets, SecretMissing } from './target/secrets.ts';
export type { VerifyTarget } from './target/types.ts';
