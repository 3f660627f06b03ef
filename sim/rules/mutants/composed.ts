// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of programs.
import { TENANT_DESK } from './places.ts';
import type { Mutant } from './types.ts';

const DESK = 'adapters/roles/sp-server/credential-desk.ts';
const SP = 'adapters/roles/sp-server/sp-server.ts';
const SHELF = 'adapters/roles/sp-server/desk-shelf.ts';
const HOST = 'adapters/roles/mover-host.ts';
/** The real roles on virtual clocks, with mishaps (`test/model/composed`). */
const COMPOSED = ['test/model/composed.test.ts'];
const RACE = ['test/model/race.test.ts'];
const MESSAGES = ['test/model/messages.test.ts'];
const ONE_TARGET = ['test/adapters/roles/one-target.test.ts'];
const FOUND = ['test/model/found.test.ts'];

/** Wrong versions of how the roles work together when something fails. */
export const COMPOSED_MUTANTS: readonly Mutant[] = [
  {
    rule: 'C16',
    what: 'an attempt starts although the one before has outlived the credential',
    file: 'adapters/compose/stores.ts',
    find: 'return withRetry(gated, {',
    replace: 'return withRetry(traced, {',
    tests: ['test/adapters/compose/stores.test.ts'],
  },
  {
    rule: 'L9',
    what: 'a refusal that is heard twice forgets what is wanted',
    file: 'machines/data-mover/target-mover.machine.ts',
    find: 'Math.max(context.askedBytes, context.refusedBytes)',
    replace: 'context.askedBytes',
    tests: ['test/machines/data-mover.test.ts'],
  },
  {
    rule: 'C12',
    what: 'two desks of one scope',
    file: SHELF,
    find: 'if (known !== undefined) return known.desk;',
    replace: '',
    tests: RACE,
  },
  {
    rule: 'C5',
    what: 'delivered although it was never saved',
    file: DESK,
    find: '() => database.saveCredential(scope, issued, clock.now()),',
    replace: 'async () => {},',
    tests: COMPOSED,
  },
  {
    rule: 'I70',
    what: 'a repeated grant counts twice',
    file: 'adapters/roles/mover/sp-contact.ts',
    find: 'const freshBytes = Math.max(0, totalBytes - receivedBytes);',
    replace: 'const freshBytes = totalBytes;',
    tests: COMPOSED,
  },
  {
    rule: 'I58',
    what: 'what a dead tenant server held stays reserved',
    file: SP,
    find: 'if (this.#register.isOpen(record) && record.tenantLink === link) this.#abandon(record);',
    replace: 'this.#register.isOpen(record);',
    tests: FOUND,
  },
  {
    rule: 'I15',
    what: 'a repeated target.start makes a second mover',
    file: TENANT_DESK,
    find: 'if (record.isTargetUp) {\n',
    replace: "if (record.isTargetUp && record.id === '') {\n",
    tests: ONE_TARGET,
  },
  {
    rule: 'I15',
    what: 'an order that a host hears twice is done twice',
    file: HOST,
    find: 'if (start <= (this.#starts.get(session) ?? 0)) return;',
    replace: '',
    tests: ONE_TARGET,
  },
  {
    rule: 'I74',
    what: 'intents wait until somebody asks for their scope',
    file: SP,
    find: '    this.#desks.settleIntents().catch(this.#options.onError);\n',
    replace: '',
    tests: ['test/adapters/roles/left-intents.test.ts'],
  },
  {
    rule: 'I66',
    what: 'a mover tells its secrets in what it reports of a request',
    file: 'adapters/roles/mover/target-mover.ts',
    find: "type: 'storage.used', data: { generation, ...use } }",
    replace:
      "type: 'storage.used', data: { generation, ...use, told: secretsOf(delivered.credential).map((one) => one.use(btoa)) } }",
    tests: ['test/real/memory/memory.test.ts'],
  },
  {
    rule: 'L7',
    what: 'an SP that starts leaves a revocation undone',
    file: SP,
    find: 'if (disabled) await this.#desks.setDisabled(name, true);',
    replace: '',
    tests: FOUND,
  },
  {
    rule: 'F24',
    what: 'a session that is asked for again is refused',
    file: TENANT_DESK,
    find: "if (known.scope.tenant === tenantName) tell(link, 'session.opened', openedHeader(known));\n      else ",
    replace: '',
    tests: MESSAGES,
  },
  {
    rule: 'F5',
    what: 'a tenant that is back is not heard of',
    file: 'adapters/roles/sp-server/session-record.ts',
    find: '  record.tenantLink = link;\n',
    replace: '',
    tests: MESSAGES,
  },
  {
    rule: 'L6',
    what: 'a connection that is lost is not opened again',
    file: 'adapters/roles/sp-connection.ts',
    find: "machine.send({ type: 'link.lost' });",
    replace: '',
    tests: MESSAGES,
  },
];
