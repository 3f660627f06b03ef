import { COMPOSED_MUTANTS } from './composed.ts';
import { CREDENTIALS_MUTANTS } from './credentials.ts';
import { PROVIDER_MUTANTS } from './provider.ts';
import { ROUTES_MUTANTS } from './routes.ts';
import { STEPS_MUTANTS } from './steps.ts';
import type { Mutant } from './types.ts';

export type { Mutant } from './types.ts';

/** Every wrong version of a rule that is tried; `npm run mutants` shows which test notices. */
export const MUTANTS: readonly Mutant[] = [
  ...CREDENTIALS_MUTANTS,
  ...ROUTES_MUTANTS,
  ...STEPS_MUTANTS,
  ...PROVIDER_MUTANTS,
  ...COMPOSED_MUTANTS,
];
