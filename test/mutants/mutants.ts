// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of programs.
/** One wrong version of a rule, as a change of text, and the tests that must notice it. */
export interface Mutant {
  /** The rule or invariant that is broken. */
  readonly rule: string;
  readonly what: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Tried one after the other until one fails. */
  readonly tests: readonly string[];
  /** Why nothing can notice it; a survivor without a reason fails the run. */
  readonly equivalent?: string;
}

const RENEWAL = 'machines/rules/renewal.ts';
const LIFETIMES = 'machines/rules/lifetimes.ts';
const ROUTE = 'machines/rules/route.ts';
const QUOTA = 'machines/rules/quota.ts';
const LAYOUT = 'machines/rules/layout.ts';
const LIFECYCLE = 'machines/credential-lifecycle/credential-lifecycle.guards.ts';
const LIFECYCLE_ACTIONS = 'machines/credential-lifecycle/credential-lifecycle.actions.ts';
const SESSION = 'machines/backup-session/backup-session.guards.ts';
const POLICY = 'adapters/s3/session-policy.ts';
const GATE = 'adapters/transfer/request-gate.ts';
const CONTACT = 'adapters/roles/sp-server/contact-desk.ts';
const BOX = 'adapters/roles/mover/credential-box.ts';

const GUARDS = 'test/machines/guards.test.ts';
const RULES = ['test/machines/rules.test.ts', 'test/machines/guards.test.ts'];
const ROUTES = ['test/machines/mode-selection.test.ts'];
const LEDGER = ['test/machines/quota.test.ts', 'test/adapters/roles/provider-quota.test.ts'];
const CREDENTIALS = [GUARDS, 'test/model/lifecycle.test.ts', 'test/sim/world/tour.test.ts'];
const SESSIONS = [
  GUARDS,
  'test/machines/backup-session.test.ts',
  'test/model/session.test.ts',
  'test/sim/world/tour.test.ts',
];
const POLICIES = ['test/adapters/s3/session-policy.test.ts', 'test/adapters/s3/raw-probes.test.ts'];
const TRANSFER = ['test/adapters/transfer', 'test/sim/lab/expiry-everywhere.test.ts'];
const PROVIDER = ['test/adapters/roles'];

export const MUTANTS: readonly Mutant[] = [
  {
    rule: 'C10',
    what: 'exactly at the line is renewed',
    file: RENEWAL,
    find: ': leftMs < line.renewBelowMs;',
    replace: ': leftMs <= line.renewBelowMs;',
    tests: RULES,
  },
  {
    rule: 'C10',
    what: 'not expired at the very instant of the expiry',
    file: RENEWAL,
    find: 'return now >= expiresAt;',
    replace: 'return now > expiresAt;',
    tests: RULES,
  },
  {
    rule: 'C21',
    what: '"6 days or less" leaves out exactly 6 days',
    file: RENEWAL,
    find: 'leftMs <= line.renewBelowMs :',
    replace: 'leftMs < line.renewBelowMs :',
    tests: RULES,
  },
  {
    rule: 'C2',
    what: 'the wake-up at the line comes a millisecond early',
    file: RENEWAL,
    find: '(line.includesLine ? 0 : 1)',
    replace: '0',
    tests: RULES,
  },
  {
    rule: 'C2',
    what: 'an expired credential is kept',
    file: RENEWAL,
    find: "return { decision: 'renew', leftMs, because: 'expired' }",
    replace: "return { decision: 'keep', leftMs, because: 'expired' }",
    tests: RULES,
  },
  {
    rule: 'C1',
    what: '13 days instead of 14',
    file: LIFETIMES,
    find: 'lifetimeMs: 14 * DAY_MS',
    replace: 'lifetimeMs: 13 * DAY_MS',
    tests: RULES,
  },
  {
    rule: 'C2',
    what: 'the line is at 25 h',
    file: LIFETIMES,
    find: 'renewBelowMs: 24 * HOUR_MS',
    replace: 'renewBelowMs: 25 * HOUR_MS',
    tests: RULES,
  },
  {
    rule: 'C3',
    what: 'a SAS is reissued below 14 days',
    file: LIFETIMES,
    find: 'renewBelowMs: 15 * DAY_MS',
    replace: 'renewBelowMs: 14 * DAY_MS',
    tests: RULES,
  },
  {
    rule: 'C4',
    what: 'the override of the SAS limits is ignored',
    file: LIFETIMES,
    find: 'options.sasOverride ?? {',
    replace: '{',
    tests: RULES,
  },
  {
    rule: 'C4',
    what: 'a threshold as long as the validity is accepted',
    file: LIFETIMES,
    find: 'override.renewBelowMs >= override.lifetimeMs',
    replace: 'override.renewBelowMs > override.lifetimeMs',
    tests: RULES,
  },
  {
    rule: 'C21',
    what: 'reissued at 5 days',
    file: LIFETIMES,
    find: 'renewBelowMs: 6 * DAY_MS',
    replace: 'renewBelowMs: 5 * DAY_MS',
    tests: RULES,
  },
  {
    rule: 'C14',
    what: "the issuer's maximum does not count",
    file: LIFETIMES,
    find: 'Math.min(rule.lifetimeMs, issuerMaximumMs)',
    replace: 'rule.lifetimeMs',
    tests: RULES,
  },
  {
    rule: 'C14',
    what: 'a line as long as the lifetime does not renew at every connect',
    file: LIFETIMES,
    find: 'everyConnectRenews: renewBelowMs >= effectiveLifetimeMs',
    replace: 'everyConnectRenews: renewBelowMs > effectiveLifetimeMs',
    tests: [...RULES, 'test/machines/plan.test.ts'],
  },
  {
    rule: 'C15',
    what: 'strict is taken for reconnect',
    file: SESSION,
    find: "context.input.inSession === 'strict'",
    replace: "context.input.inSession === 'reconnect'",
    tests: SESSIONS,
  },
  {
    rule: 'M3',
    what: 'share gives limited credentials, IAM/STS the whole one',
    file: ROUTE,
    find: "access === 'share' ? 'shared' : 'limited'",
    replace: "access === 'share' ? 'limited' : 'shared'",
    tests: ROUTES,
  },
  {
    rule: 'M3',
    what: 'the mode beats the option',
    file: ROUTE,
    find: 'if (access !== null) {',
    replace: "if (access !== null && mode === 'direct') {",
    tests: ROUTES,
  },
  {
    rule: 'M4',
    what: 'unset and direct goes straight to the storage',
    file: ROUTE,
    find: "return gatewayRoute(settings.hasMountServer ? 'mountServer' : 'gatewayServer', true);",
    replace: "return directRoute('limited');",
    tests: ROUTES,
  },
  {
    rule: 'M6',
    what: 'an assumed route does not say so',
    file: ROUTE,
    find: "'mountServer' : 'gatewayServer', true)",
    replace: "'mountServer' : 'gatewayServer')",
    tests: ROUTES,
  },
  {
    rule: 'M7',
    what: 'strictGateway refuses in direct mode as well',
    file: ROUTE,
    find: "mode === 'gateway' && settings.strictGateway",
    replace: 'settings.strictGateway',
    tests: ROUTES,
  },
  {
    rule: 'M5',
    what: 'an option that a kind does not have is ignored',
    file: ROUTE,
    find: "storage !== 's3-compatible' && access !== null",
    replace: "storage === 's3-compatible' && access === null && mode !== mode",
    tests: ROUTES,
  },
  {
    rule: 'P1',
    what: 'agent and server jobs change places',
    file: ROUTE,
    find: "'agent' ? 'agentMachine' : 'sourceProxy'",
    replace: "'agent' ? 'sourceProxy' : 'agentMachine'",
    tests: ROUTES,
  },
  {
    rule: 'P6',
    what: 'backup server runs on the gateway server',
    file: ROUTE,
    find: "if (access === 'backup-server') return gatewayRoute('mountServer');",
    replace: "if (access === 'backup-server') return gatewayRoute('gatewayServer');",
    tests: ROUTES,
  },
  {
    rule: 'X1',
    what: 'an HTTP proxy does not matter',
    file: ROUTE,
    find: 'settings.needsHttpProxy || settings.isTenantConfigBackup',
    replace: 'settings.isTenantConfigBackup',
    tests: ROUTES,
  },
  {
    rule: 'X2',
    what: 'the tenant configuration goes direct',
    file: ROUTE,
    find: 'settings.needsHttpProxy || settings.isTenantConfigBackup',
    replace: 'settings.needsHttpProxy',
    tests: ROUTES,
  },
  {
    rule: 'X3',
    what: 'immutability is refused on GCS instead of Azure',
    file: ROUTE,
    find: "storage === 'azure' && settings.hasImmutability",
    replace: "storage === 'gcs' && settings.hasImmutability",
    tests: ROUTES,
  },
  {
    rule: 'Q2',
    what: 'what is reserved already does not count',
    file: QUOTA,
    find: 'ledger.quotaBytes - ledger.usedBytes - reservedBytes(ledger)',
    replace: 'ledger.quotaBytes - ledger.usedBytes',
    tests: LEDGER,
  },
  {
    rule: 'Q2',
    what: 'spent bytes stay reserved',
    file: QUOTA,
    find: '[sessionId]: held - bytes',
    replace: '[sessionId]: held',
    tests: LEDGER,
  },
  {
    rule: 'I58',
    what: 'a grant can be returned twice',
    file: QUOTA,
    find: 'return { ledger: { ...ledger, reserved }, returnedBytes };',
    replace: 'return { ledger: { ...ledger, usedBytes: ledger.usedBytes }, returnedBytes };',
    tests: LEDGER,
  },
  {
    rule: 'Q2',
    what: 'a lost grant is granted again instead of told again',
    file: CONTACT,
    find: 'Math.max(0, record.grantedBytes - asked.receivedBytes)',
    replace: '0',
    tests: PROVIDER,
  },
  {
    rule: 'I44',
    what: 'a prefix without its slash',
    file: LAYOUT,
    find: 'Clients/${client}/',
    replace: 'Clients/${client}',
    tests: [...RULES, ...POLICIES],
  },
  {
    rule: 'C9',
    what: "a subtenant gets its tenant's folder",
    file: LAYOUT,
    find: '`${scope.tenant}@${scope.subtenant}`',
    replace: 'scope.tenant',
    tests: RULES,
  },
  {
    rule: '§6',
    what: 'dots may climb',
    file: LAYOUT,
    find: "if (name.includes('..'))",
    replace: "if (name === '..')",
    tests: RULES,
  },
  {
    rule: 'C9',
    what: 'a star in a name opens its neighbours',
    file: POLICY,
    find: '`${escapePolicyText(input.fullAccess)}*`',
    replace: '`${input.fullAccess}*`',
    tests: POLICIES,
  },
  {
    rule: 'C9',
    what: 'the configuration may be written',
    file: POLICY,
    find: "Action: 's3:GetObject',",
    replace: "Action: ['s3:GetObject', 's3:PutObject'],",
    tests: POLICIES,
  },
  {
    rule: 'I46',
    what: 'everything may be listed',
    file: POLICY,
    find: "Condition: { StringLike: { 's3:prefix': [ownPattern, configPattern] } },",
    replace: '',
    tests: POLICIES,
  },
  {
    rule: 'C12',
    what: 'a renewal is asked for a generation that is gone',
    file: LIFECYCLE,
    find: 'if (!event.renew || event.heldGeneration !== current.generation) return false;',
    replace: 'if (!event.renew) return false;',
    tests: CREDENTIALS,
  },
  {
    rule: 'C11',
    what: 'the SP delivers what is expired on its own clock',
    file: LIFECYCLE,
    find: "if (check.because === 'expired') return true;",
    replace: '',
    tests: CREDENTIALS,
  },
  {
    rule: 'C20',
    what: 'a forced check renews whatever the tenant says',
    file: LIFECYCLE,
    find: "if (isSpCheck || event.trigger === 'forced') return check.decision === 'renew';",
    replace:
      "if (event.trigger === 'forced') return true;\n  if (isSpCheck) return check.decision === 'renew';",
    tests: CREDENTIALS,
  },
  {
    rule: 'I33',
    what: 'a generation too many may live',
    file: LIFECYCLE,
    find: 'alive.length < generationsMax',
    replace: 'alive.length <= generationsMax',
    tests: CREDENTIALS,
  },
  {
    rule: 'C17',
    what: 'strictRenewal is ignored',
    file: LIFECYCLE,
    find: '!context.settings.strictRenewal',
    replace: 'true',
    tests: CREDENTIALS,
  },
  {
    rule: 'C17',
    what: 'an expired credential stands in',
    file: LIFECYCLE,
    find: '!isExpired(context.current.expiresAt, event.at) &&\n    !context',
    replace: '!context',
    tests: CREDENTIALS,
  },
  {
    rule: 'C12',
    what: 'a number is used twice',
    file: LIFECYCLE_ACTIONS,
    find: 'lastGeneration: context.lastGeneration + 1,',
    replace: 'lastGeneration: Math.max(1, context.lastGeneration),',
    tests: CREDENTIALS,
  },
  {
    rule: 'P7',
    what: 'one mover is enough to begin',
    file: SESSION,
    find: "(event.role === 'source' ? context.isTargetReady : context.isSourceReady)",
    replace: 'true',
    tests: SESSIONS,
  },
  {
    rule: 'C16',
    what: 'a session begins with a credential that is over',
    file: SESSION,
    find: 'event.expiresAt !== null &&\n    isExpired(event.expiresAt, event.at)',
    replace: 'event.expiresAt === Number.NaN',
    tests: SESSIONS,
  },
  {
    rule: 'C20',
    what: 'denied again and again earns a check each time',
    file: SESSION,
    find: 'if (checkSpent.generation === (credential?.generation ?? 0)) return true;',
    replace: 'if (credential === null) return true;',
    tests: [...SESSIONS, 'test/sim/world/outages.test.ts'],
  },
  {
    rule: 'F25',
    what: 'an older generation that comes late is taken',
    file: SESSION,
    find: 'event.generation < context.credential.generation',
    replace: 'event.generation < 0',
    tests: SESSIONS,
  },
  {
    rule: 'C16',
    what: 'requests start after the expiry',
    file: GATE,
    find: 'if (this.#mayStartRequest()) return true;',
    replace: 'if (this.#mayStartRequest() || this.#inFlight >= 0) return true;',
    tests: TRANSFER,
  },
  {
    rule: 'Q2',
    what: 'more is written than was granted',
    file: GATE,
    find: 'if (missingBytes > 0) {',
    replace: 'if (missingBytes > Number.MAX_SAFE_INTEGER) {',
    tests: TRANSFER,
  },
  {
    rule: 'F45',
    what: 'a sealed credential opens for another session',
    file: BOX,
    find: 'JSON.stringify([session, requestId,',
    replace: 'JSON.stringify([requestId,',
    tests: PROVIDER,
  },
  {
    rule: 'C8',
    what: 'a session that is over is still answered',
    file: CONTACT,
    find: 'return this.#options.isOpen(record) && record.contactLink === link;',
    replace: 'return record.contactLink === link;',
    tests: PROVIDER,
  },
  {
    rule: 'C22',
    what: 'a disabled tenant gets a credential',
    file: CONTACT,
    find: "    if (this.#options.isDisabled(record)) {\n      refuse('tenant.disabled');\n      return;\n    }\n",
    replace: '',
    tests: PROVIDER,
    equivalent: 'the desk of the scope refuses as well, and nothing is delivered to the disabled',
  },
];
