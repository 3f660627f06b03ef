/** Rules without a test of their own, and why. */
export const GAPS: Readonly<Record<string, string>> = {
  M9: 'that nothing falls back to the gateway is asserted nowhere by itself; I4 sees the bytes of every direct session',
  I11: 'no test yet',
  I17: 'no test yet: tenants get one address only, by construction',
  I34: 'no test yet',
  I40: 'no test yet: real clouds are not run in CI',
  I57: 'not built: grants have no age (P8 lets granted bytes flow)',
  I61: 'no test yet: needs a heap snapshot of a mover',
  I62: 'no test yet: needs a heap snapshot of a mover',
  I66: 'no test yet: needs a heap snapshot of a mover',
  I77: 'not built yet',
  I78: 'not built: there is no effective clock yet',
  L5: 'no test yet: throughput is measured only',
  L10: 'no test yet as such',
  L12: 'no test yet',
  L13: 'no test yet',
};
