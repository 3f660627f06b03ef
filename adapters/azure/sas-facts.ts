import type { Secret } from '../../machines/ports/secret.ts';
import type { EpochMs } from '../../machines/rules/time.ts';

/** What a SAS says about itself without its signature. */
export interface SasFacts {
  /** What it opens: `c` a container, `d` a directory, `b` a blob. */
  readonly resource: string;
  /** `null`: at once. */
  readonly startsAt: EpochMs | null;
  /** Bound to a stored access policy, which can be taken away. */
  readonly hasPolicy: boolean;
}

export function sasFacts(sas: Secret): SasFacts {
  return sas.use((text) => {
    const fields = new URLSearchParams(text);
    const startsAt = Date.parse(fields.get('st') ?? '');
    return {
      resource: fields.get('sr') ?? '',
      startsAt: Number.isNaN(startsAt) ? null : startsAt,
      hasPolicy: fields.has('si'),
    };
  });
}
