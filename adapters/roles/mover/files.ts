import {
  createCompareSink,
  createFolderSink,
  createFolderSource,
  createSyntheticSource,
} from '../../backup-format/index.ts';
import type { BackupSource, RestoreSink } from '../../transfer/types.ts';
import type { SinkConfig, SourceConfig } from './config.ts';

/** A seed of any kind as a whole number; text is hashed (FNV-1a) so that a commit hash will do. */
function seedNumber(seed: number | string): number {
  if (typeof seed === 'number') return seed;
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(seed)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}

/** What a source mover reads, from its configuration. */
export function sourceFrom(config: SourceConfig, blockBytes: number): BackupSource {
  if (config.type === 'folder') return createFolderSource({ folder: config.path });
  const { files, totalBytes, changedShare, day, seed } = config;
  return createSyntheticSource({
    files,
    totalBytes,
    changedShare,
    day,
    seed: seedNumber(seed),
    unitBytes: blockBytes,
  });
}

/** Where a source mover writes in a restore. */
export function sinkFrom(config: SinkConfig, blockBytes: number, sessionId: string): RestoreSink {
  if (config.type === 'compare') return createCompareSink(sourceFrom(config.source, blockBytes));
  return createFolderSink({
    folder: config.path,
    force: config.force,
    stagingSuffix: sessionId,
  });
}
