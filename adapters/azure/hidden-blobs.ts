/** On the empty blob that stands for a moment where uncommitted blocks are thrown away. */
export const DISCARDED = 'fortnight_discarded';
/** What Azure and Hadoop write on the placeholder of a directory. */
const DIRECTORY = 'hdi_isfolder';

/**
 * Blobs that are no objects: directories of a hierarchical namespace, which are blobs of no length
 * on the wire, and what a sweep that was killed has left (see `discardUncommitted`).
 */
export function isHidden(blob: { readonly metadata?: Readonly<Record<string, string>> }): boolean {
  const metadata = blob.metadata ?? {};
  return Object.keys(metadata).some((name) => {
    const word = name.toLowerCase();
    return word === DISCARDED || (word === DIRECTORY && metadata[name] === 'true');
  });
}
