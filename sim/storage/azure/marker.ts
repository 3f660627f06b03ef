import type { ListPosition } from '../s3/list-pages.ts';
import { AzureError } from './errors.ts';

/** Markers are opaque to clients; they hold the position, so a page survives a restart. */
export function writeMarker(position: ListPosition): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** The position of a marker; throws OutOfRangeInput for any text that is not one of ours. */
export function readPosition(marker: string): ListPosition {
  try {
    const found: unknown = JSON.parse(Buffer.from(marker, 'base64url').toString('utf8'));
    if (typeof found === 'object' && found !== null) {
      const { afterKey, afterPrefix } = found as Record<string, unknown>;
      if (typeof afterKey === 'string') return { afterKey };
      if (typeof afterPrefix === 'string') return { afterPrefix };
    }
  } catch {
    // Falls through to the same answer as for any other text that is not ours.
  }
  throw new AzureError('OutOfRangeInput');
}

/** The last name of a page that has no prefixes. */
export function readMarker(marker: string): string {
  const position = readPosition(marker);
  if ('afterKey' in position) return position.afterKey;
  throw new AzureError('OutOfRangeInput');
}
