import type { TestLink } from '../types.ts';

/** Tests that fail when these are broken: invariants of isolation, quota, secrets and sessions, and of bounds. */
export const SAFETY_TESTS: Readonly<Record<string, readonly TestLink[]>> = {
  I44: [
    'test/machines/rules.test.ts: I44: no folder of a tenant covers the folder of another (T1, T10)',
    'test/contract/object-store.contract.ts: I44 list takes the prefix literally: T1/ does not give T10/',
    'test/contract/scope-probes.contract.ts: I44 every operation on %s is denied',
  ],
  I45: [
    'test/sim/check/more-invariants.test.ts: a subtenant in its tenant’s folder',
    'test/contract/scope-probes.contract.ts: I45 a subtenant has its own folder and neither the tenant nor its siblings',
  ],
  I46: ['test/contract/scope-probes.contract.ts: I46 all of it succeeds in the own folder'],
  I47: [
    'test/sim/check/more-invariants.test.ts: a changed configuration',
    'test/contract/scope-probes.contract.ts: I47 the configuration is read and listed, never written',
    'test/adapters/s3/raw-probes.test.ts: I47 copying onto the configuration is denied, copying it out is allowed',
  ],
  I48: ['test/adapters/s3/raw-probes.test.ts: scope probes with the bare SDK (I44–I48)'],
  I49: ['test/adapters/roles/provider-security.test.ts: I49: %s is cut off'],
  I50: [
    'test/sim/check/streaming.test.ts: tenants do not touch each other, however their events mix (I50)',
  ],
  I51: [
    'test/machines/quota.test.ts: Q2, I51, I56, I58: no drawn use of a ledger overdraws it or returns a byte twice',
    'test/adapters/roles/provider-quota.test.ts: I51: two sessions that race for the last bytes never hold more than there are',
    'test/model/mutants.test.ts: I51: a grant may be the whole chunk, whatever is left',
  ],
  I52: ['test/adapters/transfer/grants.test.ts: grants (Q2, I52)'],
  I53: [
    'test/adapters/roles/provider-quota.test.ts: I53: the first grant comes in the frame of the credential',
  ],
  I54: ['test/sim/check/more-invariants.test.ts: bytes before the grant'],
  I55: [
    'test/sim/world/outages.test.ts: Q4, I55: a quota that a subtenant gets later counts what lies there already',
    'test/adapters/roles/provider-quota.test.ts: I55: a subtenant draws from its own account and from its tenant, and so do its siblings',
  ],
  I56: [
    'test/machines/quota.test.ts: Q2, I51, I56, I58: no drawn use of a ledger overdraws it or returns a byte twice',
    'test/sim/check/boundaries.test.ts: F34 I56: a quota lowered below what is used is no violation until it gets worse',
    'test/adapters/roles/provider-quota.test.ts: I56: a lowered quota grants nothing above it; L9: a raised one is told, to subtenants too',
  ],
  I58: [
    'test/machines/quota.test.ts: Q2, I51, I56, I58: no drawn use of a ledger overdraws it or returns a byte twice',
    'test/sim/check/streaming.test.ts: I58: a grant that the SP settles hours later is waited for, one that it never does is told',
    'test/adapters/roles/provider-quota.test.ts: I58: a reservation goes back once, however often the close is said',
  ],
  I59: [
    'test/sim/lab/secrets.test.ts: I59, I60, I63, I64: no secret is anywhere but sealed, encrypted, or at the storage',
  ],
  I60: [
    'test/sim/lab/secrets.test.ts: I59, I60, I63, I64: no secret is anywhere but sealed, encrypted, or at the storage',
    'test/adapters/config-db/sqlite.test.ts: I60 no file holds a secret in plain, base64 or hex, also not after a purge',
  ],
  I63: [
    'test/sim/lab/secrets.test.ts: I59, I60, I63, I64: no secret is anywhere but sealed, encrypted, or at the storage',
    'test/adapters/roles/credential-box.test.ts: I63: no secret is readable in the sealed bytes',
    'test/real/memory/memory.test.ts: I63: %s: no secret of the storage lives there, as a string or as bytes',
  ],
  I64: [
    'test/sim/check/more-invariants.test.ts: a signature in an error text',
    'test/contract/config-database.contract.ts: I64 what lists and prints shows no secret',
    'test/contract/issuer.contract.ts: I64 nothing that prints a credential shows its secrets',
  ],
  I65: ['test/model/lifecycle-world.ts: I65: the context does not survive JSON'],
  I66: [
    'test/real/memory/memory.test.ts: I66: %s: nothing of it lives there, and the movers are gone',
  ],
  I67: [
    'test/adapters/config-db/sqlite.test.ts: I67 a ciphertext that is moved to another row does not open',
  ],
  I68: [
    'test/adapters/roles/credential-box.test.ts: I68: the same credential sealed twice shares no key, nonce or byte run',
    'test/adapters/config-db/sqlite.test.ts: I68 each write takes a fresh nonce; a repeated one is refused',
  ],
  I69: ['test/sim/check/more-invariants.test.ts: more bytes than granted'],
  I70: [
    'test/sim/check/checkers.test.ts: a grant returned twice',
    'test/sim/kernel/compile/table-host.test.ts: an unknown event kills one machine and no other (I70)',
    'test/model/mutants.test.ts: I70: a repeated answer is taken for an orphan and revoked while it is in use',
  ],
  I71: [
    'test/model/session.test.ts: keeps I15 I16 I27 I71 P7 P8 C15 C16 C20 Q3 and ends (L1) in any world',
    'test/sim/check/streaming.test.ts: I71: a late state is judged within the grace period',
    'test/model/mutants.test.ts: I71: failed is taken for done',
  ],
  I72: [
    'test/sim/lab/kill.test.ts: F1, I72, I75: %s: a target mover that is killed with SIGKILL costs a restart, nothing else',
    'test/sim/lab/secrets.test.ts: both routes work, and their bytes are equal on every hop (I3, I4, I72)',
    'test/adapters/gcs/store.test.ts: I72 %d parts are in memory at once, and no more',
  ],
  I73: [
    'test/adapters/gcs/store.test.ts: integrity (I73)',
    'test/adapters/gcs/wire.test.ts: I73 an answer with %s: this generation is removed, object.corrupt',
    'test/adapters/azure/wire.test.ts: I73 another checksum comes back: object.corrupt, and the object is taken away',
  ],
  I74: [
    'test/contract/config-database.contract.ts: I74 an intent is listed, opens nothing, and is replaced by its credential',
    'test/adapters/gcs/hmac-key-issuer.test.ts: leftovers (F3, I74)',
    'test/adapters/roles/leftovers.test.ts: F3, I74: every key that a record knows is spared, and an intent without a key is none',
    'test/adapters/roles/left-intents.test.ts: I74: an SP that starts settles the intents of every scope, asked for or not',
  ],
  I75: [
    'test/contract/object-store.contract.ts: a source that fails in %s leaves no object and no upload (I75)',
    'test/sim/lab/kill.test.ts: F1, I72, I75: %s: a target mover that is killed with SIGKILL costs a restart, nothing else',
    'test/adapters/gcs/store.test.ts: I75 abortUploads finds the multipart uploads of the XML API, and those only below its prefix',
  ],
  I76: [
    'test/sim/world/tour.test.ts: I76: %s is green, and its log is the same in every run',
    'test/sim/kernel/event-log.test.ts: I76: the hash is of the normalised lines: line ends and key order do not count',
    'test/sim/kernel/prng.test.ts: I76: known answers, the same on Node and on Bun',
  ],
  I79: [
    'test/contract/config-database.contract.ts: I79 purge removes rows that expired before the instant, and no intents',
  ],
  L1: [
    'test/model/session.test.ts: keeps I15 I16 I27 I71 P7 P8 C15 C16 C20 Q3 and ends (L1) in any world',
    'test/machines/backup-session.test.ts: a connection that comes and goes (P8, L1)',
    'test/sim/check/liveness.test.ts: L1 L3: a clean log keeps its bounds, and says how often they were tested',
  ],
  L2: [
    'test/model/session.test.ts: L2: is done in a healthy world, unless strict and longer than its credential',
  ],
  L3: [
    'test/sim/check/liveness.test.ts: L1 L3: a clean log keeps its bounds, and says how often they were tested',
  ],
  L4: ['test/adapters/transfer/expiry.test.ts: expiry with %d parallel requests (C15, C16, L4)'],
  L5: [
    'test/sim/rules/closed-gaps.test.ts: L5: when the storage no longer says slow down, the next put is stored within the longest wait',
  ],
  L6: [
    'test/machines/control-connection.test.ts: L6: whatever happened, it is up again within the cap and a handshake of the healing',
    'test/sim/check/liveness.test.ts: L6: a channel comes back in time, late, or not at all',
  ],
  L7: [
    'test/adapters/roles/provider-quota.test.ts: L7, F4: an SP that starts again delivers the same generation and issues nothing',
  ],
  L8: [
    'test/adapters/aws/iam-user-issuer.test.ts: L8 what has ended is removed at the next issue of its scope, not before',
    'test/model/mutants.test.ts: L8: revocation is tried for ever',
  ],
  L9: [
    'test/adapters/roles/provider-quota.test.ts: I56: a lowered quota grants nothing above it; L9: a raised one is told, to subtenants too',
  ],
  L10: [
    'test/sim/rules/closed-gaps.test.ts: L10: the option is set from nothing to IAM/STS: the next session goes direct, no earlier',
  ],
  L11: ['test/model/lifecycle-run.ts: L11: a storm of issues'],
  L12: [
    'test/sim/rules/closed-gaps.test.ts: L12: the SP dies with an issue in flight: the next who asks gets a credential, well within the timeout',
  ],
  L14: ['test/tui/live-screen.test.ts: after a signal (SIGTERM aborts it)'],
  L15: ['test/model/lifecycle.test.ts: L15: every state was seen in those lives'],
};
