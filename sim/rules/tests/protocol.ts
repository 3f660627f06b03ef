import type { TestLink } from '../types.ts';

/** Tests that fail when these are broken: rules of the protocol. */
export const PROTOCOL_TESTS: Readonly<Record<string, readonly TestLink[]>> = {
  M1: [
    'test/sim/kernel/compile/differential.test.ts: M1-M7: gives the same route and the same reasons for every setting',
    'test/machines/mode-selection.test.ts: M1 AWS gateway',
  ],
  M2: ['test/sim/kernel/compile/differential.test.ts: M1-M7: gives the same route'],
  M3: [
    'test/sim/check/checkers.test.ts: the backup-server option on the gateway server',
    'test/machines/mode-selection.test.ts: M3 backup server, direct',
  ],
  M4: [
    'test/sim/check/checkers.test.ts: an unset option in direct mode that goes round the gateway',
    'test/machines/mode-selection.test.ts: M4 unset, direct',
  ],
  M5: [
    'test/sim/scenario/problems.test.ts: M5: a set step cannot give an option to a kind that has none',
    'test/sim/cli/explain.test.ts: M5: an option on another kind is refused in JSON and in text, exit 3',
    'test/machines/mode-selection.test.ts: M5 an option on AWS',
  ],
  M6: [
    'test/sim/scenario/build.test.ts: M6: an option that is left out is not specified yet; one storage needs no name',
    'test/sim/check/boundaries.test.ts: M6: an unset direct route without a mount server ends on the gateway server',
    'test/machines/mode-selection.test.ts: M6 unset, gateway',
  ],
  M7: [
    'test/sim/kernel/compile/differential.test.ts: M1-M7: gives the same route and the same reasons for every setting',
    'test/machines/mode-selection.test.ts: M7 share beats gateway',
    'test/sim/cli/explain.test.ts: M7 and I43 for share in gateway mode',
  ],
  M8: [
    'test/sim/world/extensions.test.ts: a server job asks at once and takes the new route (M8); it does not speak for the agent',
  ],
  M9: [
    'test/sim/rules/closed-gaps.test.ts: M9: direct, and the storage answers nothing: the session fails, and no byte takes the gateway',
  ],
  P1: ['test/machines/mode-selection.test.ts: P1 AWS direct, agent'],
  P2: [
    'test/sim/world/tour.test.ts: P2, P3, P6: the steps of every route come in their order',
    'test/e2e/acceptance.test.ts: gateway: the same bytes on every hop, no credential at the tenant (P2)',
    'test/adapters/roles/provider-quota.test.ts: P2: the count of a closed session is told again to its tenant, and to nobody else',
  ],
  P3: [
    'test/machines/data-mover.test.ts: P3: contact, credential with grant, start, link, engine, in that order',
    'test/sim/world/tour.test.ts: P2, P3, P6: the steps of every route come in their order',
    'test/e2e/acceptance.test.ts: direct: the first backup gets generation 1 and passes no gateway (P3, C18)',
  ],
  P4: [
    'test/adapters/roles/provider-quota.test.ts: Q2, F24: a grant whose frame is lost is told again',
  ],
  P5: [
    'test/adapters/roles/provider-security.test.ts: P5: a refused tenant is not asked again by a timer',
  ],
  P6: [
    'test/sim/world/tour.test.ts: P2, P3, P6: the steps of every route come in their order',
    'test/model/golden.test.ts: P6: as P2, the target mover on the mount server',
    'test/machines/mode-selection.test.ts: P6 no mount server',
  ],
  P7: [
    'test/model/session.test.ts: keeps I15 I16 I27 I71 P7 P8 C15 C16 C20 Q3 and ends (L1) in any world',
    'test/model/mutants.test.ts: P7: one ready mover is enough',
  ],
  P8: [
    'test/model/session.test.ts: keeps I15 I16 I27 I71 P7 P8 C15 C16 C20 Q3 and ends (L1) in any world',
    'test/machines/backup-session.test.ts: a connection that comes and goes (P8, L1)',
    'test/machines/data-mover.test.ts: P8: a grant is asked for in contact only, and again when contact is back',
  ],
  P9: ['test/sim/check/checkers.test.ts: an operation that is not the session’s'],
  C1: [
    'test/machines/rules.test.ts: C1, C3, C4, C18, C21: lifetimes and lines',
    'test/contract/issuer.contract.ts: C1, C14 14 days, or the longest that there is, are issued whole, and work',
    'test/sim/lab/secrets.test.ts: C9, I44, C1: the credential of generation 1 opens its folder only, and dies after 14 days',
  ],
  C2: [
    'test/tui/story.test.ts: C2, C10: with keys alone: the renewal line -1 ms, past it, back, and a fork',
    'test/machines/rules.test.ts: C2, C21: the wake-up of the line is the first instant that says renew',
    'test/e2e/acceptance.test.ts: direct: 13 d 1 h later it is renewed, and only what changed is sent (C2)',
  ],
  C3: [
    'test/tui/next.test.ts: C3: the line of a SAS is its reissue line',
    'test/machines/rules.test.ts: C1, C3, C4, C18, C21: lifetimes and lines',
    'test/sim/cli/explain.test.ts: C3, C4: an override changes validity and line; C21 beats it',
  ],
  C4: [
    'test/machines/rules.test.ts: C1, C3, C4, C18, C21: lifetimes and lines',
    'test/sim/cli/explain.test.ts: C3, C4: an override changes validity and line; C21 beats it',
    'test/sim/check/more-invariants.test.ts: I30 C4: an override, and a route that does not say, prove nothing',
  ],
  C5: [
    'test/contract/config-database.contract.ts: C5 a saved credential opens as it was',
    'test/model/mutants.test.ts: C5: an answer of an older attempt counts, so one is delivered before it is saved',
  ],
  C6: [
    'test/e2e/acceptance.test.ts: no secret of the SP or the storage lies in logs or at the tenant (C6)',
    'test/adapters/roles/credential-box.test.ts: sealed credentials (C6)',
    'test/real/memory/memory.test.ts: C6: where it must be it is found: in the target mover, at work and at rest',
  ],
  C7: [
    'test/machines/plan.test.ts: C7, I43 share: nothing is issued, nothing ends, everything is open',
    'test/contract/config-database.contract.ts: C7 the repository credential is replaced whole',
    'test/sim/cli/audit.test.ts: I43, C7: a shared credential is listed for every tenant that may hold it, and never ends',
  ],
  C8: [
    'test/adapters/roles/provider-security.test.ts: C8, F1: an answer that comes after the mover was %s goes to nobody',
  ],
  C9: [
    "test/machines/guards.test.ts: C9: a subtenant's folder is its own, beside its tenant's and not below it",
    'test/sim/lab/secrets.test.ts: C9, I44, C1: the credential of generation 1 opens its folder only, and dies after 14 days',
    'test/sim/storage/federation.test.ts: C9: the rights are those of the user and of the session policy together',
  ],
  C10: [
    'test/tui/live-store.test.ts: C10: w moves the clock to 1 ms before the renewal line of the chosen credential',
    'test/tui/next.test.ts: C10: %s is where the rule decides as the menu says',
    'test/tui/story.test.ts: C2, C10: with keys alone: the renewal line -1 ms, past it, back, and a fork',
  ],
  C11: [
    'test/sim/check/boundaries.test.ts: F14 C11: a tenant whose clock is wrong checks on that clock',
    'test/adapters/roles/provider-security.test.ts: C11: the answer to a repeated session.open tells the same check as the first',
    'test/model/mutants.test.ts: C11: the check forgets expiry',
  ],
  C12: [
    'test/contract/config-database.contract.ts: C12 a newer generation supersedes; a generation is saved once; order of insertion',
    'test/adapters/aws/iam-user-issuer.test.ts: C12 a generation after a failed attempt leaves the one in use alone',
    'test/tui/view-model.test.ts: C12 nothing held',
  ],
  C13: [
    'test/model/lifecycle.test.ts: C13: a tenant whose clock is 14 d ahead gets at most one early renewal',
    'test/tui/next.test.ts: C13: the end of an older generation is due too, a revoked one is not',
    'test/tui/view-model.test.ts: C13: the superseded generation is shown as alive until its own expiry',
  ],
  C14: [
    'test/machines/guards.test.ts: C14: a credential that lives as long as the line is wide is renewed by every connect',
    'test/machines/plan.test.ts: C14 agrees with the route table, the renewal rule and the effective lifetime',
    'test/machines/rules.test.ts: C14: what is really issued',
  ],
  C15: [
    'test/model/session.test.ts: keeps I15 I16 I27 I71 P7 P8 C15 C16 C20 Q3 and ends (L1) in any world',
    'test/machines/data-mover.test.ts: C15: paused before the link is up, it stays paused when the link comes',
    'test/machines/plan.test.ts: I33, C15 connects at any times: no more are alive, and no less is left for strict',
  ],
  C16: [
    'test/model/session.test.ts: keeps I15 I16 I27 I71 P7 P8 C15 C16 C20 Q3 and ends (L1) in any world',
    'test/tui/machine-tree.test.ts: C16: the guard sees the time: an expired credential goes back to contact',
    'test/machines/guards.test.ts: C16: delivered %s',
  ],
  C17: [
    'test/sim/world/faults.test.ts: C17, F10: the issuer is down',
    'test/sim/check/boundaries.test.ts: C17: a degraded delivery may repeat the old generation',
    'test/model/lifecycle.test.ts: C17: strictRenewal',
  ],
  C18: [
    'test/machines/rules.test.ts: C1, C3, C4, C18, C21: lifetimes and lines',
    'test/e2e/acceptance.test.ts: direct: the first backup gets generation 1 and passes no gateway (P3, C18)',
  ],
  C19: [
    'test/sim/storage/faults.test.ts: C19: a fresh key becomes known only after the propagation delay',
    'test/sim/storage/iam.test.ts: C19: a new key becomes known after the delay of a fault',
    'test/sim/storage/profiles.test.ts: a profile may let new IAM keys spread slowly (C19)',
  ],
  C20: [
    'test/model/lifecycle.test.ts: C20: a forced check renews what is below the line on the clock of the SP, no more',
    'test/model/session.test.ts: keeps I15 I16 I27 I71 P7 P8 C15 C16 C20 Q3 and ends (L1) in any world',
    'test/sim/world/faults.test.ts: C20: denied is not expiry: one forced check, then the session fails, and nothing loops',
  ],
  C21: [
    'test/tui/next.test.ts: C21: at a line that is included the menu says renewed',
    'test/machines/rules.test.ts: C1, C3, C4, C18, C21: lifetimes and lines',
    'test/sim/storage/azure/delegation.test.ts: C21: %s',
  ],
  C22: [
    'test/sim/world/faults.test.ts: C22: disabling the tenant ends its session "%s" and opens no other',
    'test/sim/check/boundaries.test.ts: C13 C22: what is irrevocable lives on, and a refused request proves no harm',
    'test/adapters/gcs/hmac-key-issuer.test.ts: C22 it opens nothing any more, nothing is left, others go on',
  ],
  Q1: [
    'test/adapters/roles/provider-quota.test.ts: I53: the first grant comes in the frame of the credential',
  ],
  Q2: [
    'test/machines/quota.test.ts: Q2, I51, I56, I58: no drawn use of a ledger overdraws it or returns a byte twice',
    'test/adapters/roles/provider-quota.test.ts: Q2, F24: a grant whose frame is lost is told again, and is granted once',
    'test/adapters/transfer/grants.test.ts: grants (Q2, I52)',
  ],
  Q3: [
    'test/model/session.test.ts: keeps I15 I16 I27 I71 P7 P8 C15 C16 C20 Q3 and ends (L1) in any world',
    'test/machines/data-mover.test.ts: Q3: a refusal is reported',
    'test/sim/world/faults.test.ts: Q3: what a session beyond its quota has written is gone, and the ledger is back',
  ],
  Q4: [
    'test/sim/world/outages.test.ts: Q4, I55: a quota that a subtenant gets later counts what lies there already',
  ],
  Q5: [
    'test/sim/world/extensions.test.ts: Q5: at the soft limit new backups are refused for every tenant; restores go on',
    'test/adapters/roles/soft-limit.test.ts: Q5: with the soft limit %+d bytes used, a backup gets %j',
  ],
  X1: [
    'test/sim/check/boundaries.test.ts: X1: a job behind an HTTP proxy goes to the gateway server, whatever the option',
    'test/machines/mode-selection.test.ts: X1 HTTP proxy',
  ],
  X2: ['test/machines/mode-selection.test.ts: X2 tenant configuration backup'],
  X3: ['test/machines/mode-selection.test.ts: X3 Azure, immutable, direct'],
  X4: ['test/sim/world/extensions.test.ts: X4: after a mode switch'],
  X5: [
    'test/sim/world/extensions.test.ts: X5: in maintenance nothing new starts, whatever it is; afterwards all is as before',
  ],
};
