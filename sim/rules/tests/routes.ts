import type { TestLink } from '../types.ts';

/** Tests that fail when these are broken: invariants of placement, renewal and use. */
export const ROUTE_TESTS: Readonly<Record<string, readonly TestLink[]>> = {
  I1: [
    'test/model/mutants.test.ts: I1: a mode selection with a negated %s disagrees with the oracle',
    'test/machines/mode-selection.test.ts: I1: agrees with the oracle on each of the 4096 inputs',
    'test/sim/cli/explain.test.ts: explain on every input (I1)',
  ],
  I2: [
    'test/sim/check/checkers.test.ts: a delivery on a plain gateway route',
    'test/machines/mode-selection.test.ts: I5, I2: through the gateway the tenant holds nothing; direct it holds something',
    'test/machines/rules.test.ts: I2, I43: nothing is renewed where the tenant holds nothing, or the shared credential',
  ],
  I3: [
    'test/sim/lab/secrets.test.ts: both routes work, and their bytes are equal on every hop (I3, I4, I72)',
    'test/adapters/transfer/round-trip.test.ts: I72 restore(backup(x)) = x, and I3 the bytes are equal on every hop',
  ],
  I4: [
    'test/sim/world/faults.test.ts: I4: a direct session moves no data through the gateway, cut off or not',
    'test/sim/lab/secrets.test.ts: both routes work, and their bytes are equal on every hop (I3, I4, I72)',
    'test/sim/cli/report.test.ts:   I4 (P3), session s1: a byte too many',
  ],
  I5: [
    'test/sim/check/checkers.test.ts: an unset option in direct mode that goes round the gateway',
    'test/machines/mode-selection.test.ts: I5, I2: through the gateway the tenant holds nothing; direct it holds something',
  ],
  I6: ['test/sim/check/checkers.test.ts: a delivery on the backup-server route'],
  I7: [
    'test/sim/check/more-invariants.test.ts: "share" with another key',
    'test/adapters/s3/raw-probes.test.ts: I7 share gives the key id of the repository itself',
  ],
  I8: ['test/sim/check/more-invariants.test.ts: another key than was issued'],
  I9: [
    'test/machines/mode-selection.test.ts: I9: with an option set the mode changes nothing, unless strictGateway',
  ],
  I10: [
    'test/machines/mode-selection.test.ts: I10: for AWS, GCS and Azure the option has no effect but a refusal',
  ],
  I12: [
    'test/machines/mode-selection.test.ts: I12: in direct mode unset and the default option give the same data path and host',
  ],
  I13: ['test/sim/check/checkers.test.ts: a gateway target mover on the wrong server'],
  I14: ['test/sim/check/checkers.test.ts: a direct target mover on an SP host'],
  I15: [
    'test/model/session.test.ts: keeps I15 I16 I27 I71 P7 P8 C15 C16 C20 Q3 and ends (L1) in any world',
  ],
  I16: [
    'test/sim/check/checkers.test.ts: a route that changes',
    'test/model/session.test.ts: keeps I15 I16 I27 I71 P7 P8 C15 C16 C20 Q3 and ends (L1) in any world',
  ],
  I17: [
    'test/adapters/roles/one-door.test.ts: I17: %s: the tenant server and its movers dial the cloud gateway and nothing else of the SP',
  ],
  I18: ['test/sim/check/more-invariants.test.ts: an issue at the tenant'],
  I19: ['test/sim/check/checkers.test.ts: a lifetime that is too short'],
  I20: ['test/sim/check/boundaries.test.ts: I20: 30 days, unless the SP overrides it'],
  I21: [
    'test/sim/check/checkers.test.ts: a needless renewal decision',
    'test/tui/trace.test.ts: I21: a log that breaks a rule ends with 1',
    'test/model/lifecycle.test.ts: I21: exactly 24 h left is kept',
  ],
  I22: [
    'test/sim/check/checkers.test.ts: a renewal that is missed',
    'test/model/lifecycle.test.ts: I22: 1 ms less is renewed once',
    'test/machines/rules.test.ts: C2, I22: 24 h - 1 ms left',
  ],
  I23: [
    'test/sim/check/boundaries.test.ts: I23 C10: %s with %d ms left (%j) must %s, else %s',
    'test/machines/rules.test.ts: C2, I23: 24 h + 1 ms left',
  ],
  I24: [
    'test/sim/check/boundaries.test.ts: I23 C10: %s with %d ms left',
    'test/machines/rules.test.ts: C3, I24: 15 d + 1 ms left',
  ],
  I25: ['test/sim/check/checkers.test.ts: a renewed credential below the line'],
  I26: ['test/sim/check/boundaries.test.ts: I26: what is reissued has 15 days left'],
  I27: [
    'test/model/session.test.ts: keeps I15 I16 I27 I71 P7 P8 C15 C16 C20 Q3 and ends (L1) in any world',
  ],
  I28: [
    'test/machines/rules.test.ts: I28: an override touches SAS only',
    'test/sim/check/more-invariants.test.ts: I28 C14: a line below 24 h is right where the issuer ends before it',
  ],
  I29: [
    'test/machines/rules.test.ts: I29: an override of the SAS limits',
    'test/sim/scenario/problems.test.ts: a SAS threshold above the validity (C4, I29)',
  ],
  I30: [
    'test/sim/check/more-invariants.test.ts: I30 C4: an override, and a route that does not say, prove nothing',
  ],
  I31: [
    'test/model/lifecycle.test.ts: I31: ten tenants below the line lead to one issue, and each is answered',
    'test/model/mutants.test.ts: I31: a repeated request waits twice',
  ],
  I32: [
    'test/sim/check/checkers.test.ts: a generation used twice',
    'test/model/mutants.test.ts: I32: an older generation is adopted',
  ],
  I33: [
    'test/sim/check/checkers.test.ts: three generations alive',
    'test/model/mutants.test.ts: I33: a lifecycle that lets a fast clock renew at will is found',
    'test/machines/plan.test.ts: I33, C15 connects at any times: no more are alive, and no less is left for strict',
  ],
  I34: [
    'test/sim/rules/closed-gaps.test.ts: I34: revocation %s: a superseded generation works until its own end, whatever was issued since',
  ],
  I35: ['test/sim/check/checkers.test.ts: a foreign scope'],
  I36: ['test/sim/check/checkers.test.ts: a delivery after the end'],
  I37: [
    'test/sim/check/streaming.test.ts: I37: a generation that ended long ago still counts as expired',
  ],
  I38: [
    'test/sim/check/boundaries.test.ts: I38: a request that began in time may end after the expiry',
    'test/adapters/memory/time.test.ts: I38 a request that started in time may finish after the end',
  ],
  I39: [
    'test/adapters/gcs/store.test.ts: I39 neither a proxy nor an emulator in the environment is used, by any operation',
    'test/adapters/aws/aws.test.ts: I39 the bucket is asked at its own host, whatever the environment says',
    'test/adapters/roles/credential-box.test.ts: F44, I39: a gateway that writes %s beside it makes it useless',
  ],
  I41: [
    'test/sim/check/more-invariants.test.ts: a gateway use from a tenant host',
    'test/adapters/roles/provider-security.test.ts: I2, I41: no tenant gets the repository credential of a gateway route to a key of its own',
  ],
  I42: ['test/sim/check/checkers.test.ts: a request after the revocation'],
  I43: [
    'test/machines/plan.test.ts: C7, I43 share: nothing is issued, nothing ends, everything is open',
    'test/machines/rules.test.ts: I2, I43: nothing is renewed where the tenant holds nothing, or the shared credential',
    'test/sim/cli/audit.test.ts: I43, C7: a shared credential is listed for every tenant that may hold it, and never ends',
  ],
};
