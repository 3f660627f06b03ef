export {
  BLOCK_BYTES_DEFAULT,
  BLOCK_BYTES_MAX,
  BLOCK_BYTES_MIN,
  BLOCK_HEADER_BYTES,
  type BlockId,
  blockId,
  decodeBlock,
  encodeBlock,
  isBlockId,
  isBlockSize,
} from './block.ts';
export { cutIntoBlocks } from './chunker.ts';
export { createCompareSink } from './compare-sink.ts';
export { createFolderSink, type FolderSinkOptions, type SinkFileSystem } from './folder-sink.ts';
export { createFolderSource, type FolderSourceOptions } from './folder-source.ts';
export {
  blockIdOfKey,
  blockKey,
  blocksPrefix,
  manifestKey,
  manifestsPrefix,
  restorePointOfKey,
} from './keys.ts';
export {
  decodeManifest,
  type EncodedManifest,
  encodeManifest,
  MANIFEST_OBJECT_BYTES_MAX,
  type Manifest,
  type ManifestEntry,
  type ManifestTotals,
} from './manifest.ts';
export { isRestorePointId, restorePointId } from './restore-point-id.ts';
export { createSyntheticSource, type SyntheticOptions } from './synthetic-source.ts';
export { NATIVE_ZSTD, type ZlibModule, type Zstd, zstdOf } from './zstd.ts';
