import type { Scenario } from '../scenario/index.ts';
import { CommandError } from './command-error.ts';
import { EXIT } from './exit-codes.ts';

/**
 * Scenarios and labs run on S3 storages so far. The others are refused before anything is made or
 * started, all at once; throws CommandError (exit 3).
 */
export function requireRunnable(scenario: Scenario, file: string): void {
  const others = scenario.storages.filter(({ kind }) => kind !== 'aws' && kind !== 's3-compatible');
  if (others.length === 0) return;
  throw new CommandError(EXIT.config, [
    ...others.map(
      ({ name, kind }) =>
        `${file}: storages: "${name}" is of kind ${kind}, which cannot be run yet: use aws or s3-compatible ("fortnight explain --storage ${kind}" shows its routes).`,
    ),
    'Nothing was started.',
  ]);
}
