/** Rules without a test of their own, and why. */
export const GAPS: Readonly<Record<string, string>> = {
  I11: 'not built: no command makes a repository; a file that leaves the option out means "not chosen yet" (M6)',
  I17: 'no test yet: tenants get one address only, by construction',
  I40: 'no test yet: real clouds are not run in CI',
  I57: 'not built: grants have no age (P8 lets granted bytes flow)',
  I61: 'no test yet: needs a heap snapshot of a mover',
  I62: 'no test yet: needs a heap snapshot of a mover',
  I66: 'no test yet: needs a heap snapshot of a mover',
  I77: 'not built yet',
  I78: 'not built: there is no effective clock yet',
  L13: 'no test: a bound in real time; how fast the live view draws is measured (docs/benchmarks.md)',
};
