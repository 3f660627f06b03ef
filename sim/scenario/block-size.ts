/** The bounds of a block in the backup format. */
export const BLOCK_BYTES_MIN = 4 * 1_024;
export const BLOCK_BYTES_MAX = 64 * 1_024 ** 2;
