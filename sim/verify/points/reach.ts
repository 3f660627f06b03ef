import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { formatDuration } from '../../../machines/rules/duration.ts';
import { MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import { FOREIGN_BYTES, isSame, keysOf, pattern } from '../content.ts';
import { type Outcome, Tally } from '../outcome.ts';
import type { Subject } from '../subject.ts';
import type { Point } from './point.ts';

const CONNECT_LIMIT_MS = 15_000;
const SKEW_TOLERANCE_MS = 15 * MINUTE_MS;
/** A Date header has whole seconds, and the answer was on its way. */
const UNCERTAIN_MS = 2 * SECOND_MS;

const TLS_CODE = /CERT|SIGNATURE|ERR_TLS|ERR_SSL|EPROTO|ALTNAME|ISSUER|SELF_SIGNED/;

interface Reached {
  readonly status: number;
  readonly date: number;
}

/** One request without a credential; whatever the status says, somebody is there. */
function reach(endpoint: string): Promise<Reached> {
  return new Promise((resolve, reject) => {
    const send = endpoint.startsWith('https:') ? requestHttps : requestHttp;
    const call = send(endpoint, { method: 'GET', timeout: CONNECT_LIMIT_MS }, (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode ?? 0, date: Date.parse(answer.headers.date ?? '') });
    });
    call.on('timeout', () => {
      call.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
    });
    call.on('error', reject);
    call.end();
  });
}

const ENDPOINT: Point = {
  id: 'reach-endpoint',
  rules: ['I39', 'F9'],
  title: 'The endpoint answers, by a trusted certificate, and its clock is right',
  remedy: 'check the address, the network and the certificate',
  isGate: true,
  async run(subject) {
    const { endpoint } = subject.access;
    const sent = `GET ${endpoint} without a credential`;
    try {
      const { date, status } = await reach(endpoint);
      return { sent, ...clockOutcome(subject, status, date) };
    } catch (thrown) {
      const code = (thrown as NodeJS.ErrnoException).code ?? 'unknown';
      const isTls = TLS_CODE.test(code);
      const remedy = isTls
        ? 'the certificate is not trusted here: have it signed by a known authority, or name its authority with NODE_EXTRA_CA_CERTS'
        : 'check the address and the network';
      return { verdict: 'fail', sent, answered: `no answer: ${code}`, remedy };
    }
  },
};

function clockOutcome(subject: Subject, status: number, date: number): Omit<Outcome, 'sent'> {
  const answered = `HTTP ${status}`;
  if (Number.isNaN(date)) return { verdict: 'pass', answered: `${answered}, no Date header` };
  const aheadMs = date - subject.clock.now();
  subject.storageAheadMs = Math.abs(aheadMs) <= UNCERTAIN_MS ? 0 : aheadMs;
  const shown = `its clock is ${formatDuration(Math.abs(Math.round(aheadMs / 1000)) * 1000)} ${aheadMs < 0 ? 'behind' : 'ahead'}`;
  if (subject.storageAheadMs === 0)
    return { verdict: 'pass', answered: `${answered}, clocks agree` };
  if (Math.abs(aheadMs) <= SKEW_TOLERANCE_MS) {
    return { verdict: 'pass', answered: `${answered}, ${shown}` };
  }
  const remedy =
    'set the clock of this machine or of the storage: beyond 15 minutes signatures fail';
  return { verdict: 'fail', answered: `${answered}, ${shown}`, remedy };
}

const TLS: Point = {
  id: 'reach-tls',
  rules: ['I64'],
  title: 'Keys, tokens and data travel inside TLS',
  remedy: 'serve HTTPS; allowPlainHttp: true goes on without it, for a look at the rest',
  isGate: true,
  async run({ access, target }) {
    const endpoints = [access.endpoint, ...controlEndpoints(target)];
    const plain = endpoints.filter((endpoint) => !endpoint.startsWith('https:'));
    const sent = `the addresses ${[...new Set(endpoints)].join(', ')}`;
    if (plain.length === 0) return { verdict: 'pass', sent, answered: 'all are https' };
    if (plain.every(isLoopback)) {
      return { verdict: 'not-applicable', sent, answered: 'plain HTTP, but on this machine only' };
    }
    const open = plain.filter((endpoint) => !isLoopback(endpoint)).join(', ');
    return { verdict: 'fail', sent, answered: `plain HTTP over a network: ${open}` };
  },
};

function controlEndpoints(target: Subject['target']): readonly string[] {
  const given: readonly (string | null)[] =
    target.kind === 'azure'
      ? [target.authority]
      : target.kind === 'gcs'
        ? [target.tokenUrl, target.exchangeUrl, target.iamUrl, target.iamCredentialsUrl]
        : [target.stsEndpoint, target.iamEndpoint];
  return given.filter((url) => url !== null);
}

function isLoopback(endpoint: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(endpoint).hostname);
}

const OWNER: Point = {
  id: 'owner-credential',
  rules: ['C5'],
  title: "The service provider's own credential works in the bucket",
  remedy: 'check the secret, its rights, the bucket and the region',
  isGate: true,
  async run(subject) {
    const { names } = subject;
    const own = subject.owner();
    const sent = `put, get, head, list and remove below Veeam/Backup/${names.repository}/ of ${subject.target.bucket}`;
    const occupant = await subject.access.occupant(names);
    if (occupant !== null) {
      const answered = `the place is in use: there is ${JSON.stringify(occupant)}`;
      const remedy = 'name another repository in the target file, or none';
      return { verdict: 'fail', sent, answered, remedy };
    }
    subject.hasTouched = true;
    await subject.access.prepare(names);
    await layOut(subject);
    const tally = new Tally();
    const key = `${names.own}owner`;
    const body = pattern(1000);
    await own.put(key, body);
    tally.check('get gives what was put', isSame(await own.get(key), body), 'other bytes came');
    tally.check('head knows the size', (await own.head(key))?.sizeBytes === 1000, 'another size');
    const listed = await keysOf(own.list(names.own));
    tally.check('the listing shows it', listed.includes(key), `listed: ${listed.join(', ')}`);
    await own.remove([key]);
    tally.check('remove removes it', (await own.head(key)) === null, 'it is still there');
    return tally.outcome(sent);
  },
};

/** What the later points look at: the configuration, an own object, and objects of nobody's. */
async function layOut(subject: Subject): Promise<void> {
  const { access, names } = subject;
  const own = subject.owner();
  for (const name of ['Owner', 'Repository']) {
    await own.put(`${names.config}${name}`, FOREIGN_BYTES);
  }
  await own.put(`${names.own}own`, FOREIGN_BYTES);
  await subject.owner(names.subtenant).put(`${names.subtenantOwn}own`, FOREIGN_BYTES);
  const foreign = subject.owner(null);
  const keys = Object.values(names.foreign).flat();
  for (const key of keys) {
    if (!access.isNameless(key)) await foreign.put(key, FOREIGN_BYTES);
  }
}

export const REACH_POINTS: readonly Point[] = [ENDPOINT, TLS, OWNER];
