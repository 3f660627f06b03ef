import { timingSafeEqual } from 'node:crypto';

/** In constant time for texts of one length: for tickets, proofs and hashes. */
export function isSameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
