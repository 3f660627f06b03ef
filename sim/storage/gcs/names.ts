const BUCKET = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/;
/** Their paths belong to the other interfaces of this endpoint. */
const RESERVED = ['storage', 'upload', 'download', 'batch', 'token'];

export function isBucketName(name: string): boolean {
  const isAddress = /^\d+\.\d+\.\d+\.\d+$/.test(name);
  const isTaken = name.startsWith('goog') || name.includes('google') || RESERVED.includes(name);
  return BUCKET.test(name) && !name.includes('..') && !isAddress && !isTaken;
}

/** 1 to 1024 bytes of UTF-8 without line ends; `.` and `..` alone are refused, as by Google. */
export function isObjectName(name: string): boolean {
  const bytes = Buffer.byteLength(name);
  if (bytes < 1 || bytes > 1024 || /[\r\n]/.test(name) || !name.isWellFormed()) return false;
  return name !== '.' && name !== '..' && !name.startsWith('.well-known/acme-challenge/');
}
