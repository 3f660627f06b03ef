import { createMemoryBlobStore } from './blob-store.ts';
import { openDiskBlobStore } from './disk-blob-store.ts';
import { createNullJournal, openJournal } from './journal.ts';
import { ObjectCore } from './object-core.ts';
import type { CoreChange } from './records.ts';
import { openStateDirectory } from './state-directory.ts';

/** Where the state lives. Disk state outlives the process and survives `kill -9`. */
export type StateLocation =
  | { readonly kind: 'memory' }
  | { readonly kind: 'disk'; readonly directory: string };

/** A second keeper of records (the issued sessions) that shares the journal with the objects. */
export interface RecordKeeper<Record> {
  apply(record: Record): void;
  startServing(journal: (record: Record) => void): void;
  snapshot(): Iterable<Record>;
}

export interface OpenState {
  readonly core: ObjectCore;
  close(): void;
}

type JournalLine<Record> = { readonly core: CoreChange } | { readonly session: Record };

/** Opens the state and replays it. Throws StateError when the folder cannot be used. */
export function openState<Record>(
  location: StateLocation,
  keeper: RecordKeeper<Record>,
): OpenState {
  if (location.kind === 'memory') {
    const journal = createNullJournal<JournalLine<Record>>();
    const core = new ObjectCore(createMemoryBlobStore());
    core.startServing((change) => journal.append({ core: change }));
    keeper.startServing((record) => journal.append({ session: record }));
    return { core, close: () => journal.close() };
  }
  const directory = openStateDirectory(location.directory);
  try {
    const blobs = openDiskBlobStore(directory.path);
    const core = new ObjectCore(blobs);
    const journal = openJournal<JournalLine<Record>>(directory.path, (line) => {
      if ('core' in line) core.apply(line.core);
      else keeper.apply(line.session);
    });
    journal.compact(snapshotLines(core, keeper));
    const highestBlob = blobs.highestBlob();
    blobs.sweep(core.referencedBlobs());
    core.startServing((change) => journal.append({ core: change }), highestBlob);
    keeper.startServing((record) => journal.append({ session: record }));
    return {
      core,
      close: () => {
        journal.close();
        directory.release();
      },
    };
  } catch (error) {
    directory.release();
    throw error;
  }
}

function* snapshotLines<Record>(
  core: ObjectCore,
  keeper: RecordKeeper<Record>,
): Generator<JournalLine<Record>> {
  for (const session of keeper.snapshot()) yield { session };
  for (const change of core.snapshot()) yield { core: change };
}
