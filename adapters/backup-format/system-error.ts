/** `ENOENT`, `ENOSPC` … of an error from the file system; `null` for every other thing. */
export function systemErrorCode(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !('code' in thrown)) return null;
  return typeof thrown.code === 'string' ? thrown.code : null;
}
