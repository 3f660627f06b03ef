/** Files that mutants change, and tests that must notice: the quickest first. */
export const RENEWAL = 'machines/rules/renewal.ts';
export const LIFETIMES = 'machines/rules/lifetimes.ts';
export const ROUTE = 'machines/rules/route.ts';
export const QUOTA = 'machines/rules/quota.ts';
export const LAYOUT = 'machines/rules/layout.ts';
export const LIFECYCLE = 'machines/credential-lifecycle/credential-lifecycle.guards.ts';
export const LIFECYCLE_ACTIONS = 'machines/credential-lifecycle/credential-lifecycle.actions.ts';
export const SESSION = 'machines/backup-session/backup-session.guards.ts';
export const POLICY = 'adapters/s3/session-policy.ts';
export const GATE = 'adapters/transfer/request-gate.ts';
export const CONTACT = 'adapters/roles/sp-server/contact-desk.ts';
export const BOX = 'adapters/roles/mover/credential-box.ts';

export const GUARDS = 'test/machines/guards.test.ts';
export const RULES = ['test/machines/rules.test.ts', 'test/machines/guards.test.ts'];
export const ROUTES = ['test/machines/mode-selection.test.ts'];
export const LEDGER = ['test/machines/quota.test.ts', 'test/adapters/roles/provider-quota.test.ts'];
export const CREDENTIALS = [GUARDS, 'test/model/lifecycle.test.ts', 'test/sim/world/tour.test.ts'];
export const SESSIONS = [
  'test/model/session.test.ts: in any world',
  'test/machines/backup-session.test.ts',
  'test/sim/world/tour.test.ts',
];
export const POLICIES = [
  'test/adapters/s3/session-policy.test.ts',
  'test/adapters/s3/raw-probes.test.ts',
];
export const FAST_CLOCK = 'test/model/lifecycle.test.ts: C13: a tenant whose clock is 14 d ahead';

export const SESSION_MACHINE = 'machines/backup-session/backup-session.machine.ts';
export const SESSION_ACTIONS = 'machines/backup-session/backup-session.actions.ts';
export const LIFECYCLE_MACHINE = 'machines/credential-lifecycle/credential-lifecycle.machine.ts';
export const CONNECTION = 'machines/control-connection/control-connection.machine.ts';
export const TARGET_MOVER = 'machines/data-mover/target-mover.machine.ts';
export const SEAL = 'adapters/roles/seal.ts';
export const TENANT_DESK = 'adapters/roles/sp-server/tenant-desk.ts';
export const OPENING = 'adapters/roles/sp-server/opening.ts';
