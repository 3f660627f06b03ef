import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readClockCommand, readClockState } from '../../../sim/storage/control/movable-clock.ts';
import { readFault } from '../../../sim/storage/control/read-fault.ts';
import { makeSelfSigned } from '../../../sim/storage/control/self-signed.ts';
import {
  createFaultTable,
  EndpointFolder,
  type ExplainedRequest,
  explainRequest,
  FAMILIES,
  type FamilyOptions,
  findControl,
  MovableClock,
  RequestLog,
  type RunningFamily,
  startControl,
} from '../../../sim/storage/index.ts';
import { seeded } from '../../support/seed.ts';
import { countingRandom, DAY_MS, HOUR_MS, START, startLab } from './lab.ts';

const json = fc.jsonValue();

describe('the movable clock', () => {
  it('moves ahead and back, runs at a rate, stands still, and comes back to real time', () => {
    let real = START;
    const clock = new MovableClock(() => real);
    expect(clock.apply({ type: 'move', byMs: DAY_MS })).toEqual({
      before: START,
      after: START + DAY_MS,
    });
    clock.apply({ type: 'move', byMs: -2 * DAY_MS });
    clock.apply({ type: 'rate', rate: 60 });
    real += 1000;
    expect(clock.now()).toBe(START - DAY_MS + 60_000);
    clock.apply({ type: 'rate', rate: 0 });
    real += HOUR_MS;
    expect(clock.now()).toBe(START - DAY_MS + 60_000);
    clock.apply({ type: 'set', at: START });
    expect(clock.now()).toBe(START);
    expect(clock.apply({ type: 'now' }).after).toBe(real);
    real += 5;
    expect(clock.now()).toBe(real);
  });

  it('goes on from its state, and refuses to leave the years 1970 to 9999', () => {
    const first = new MovableClock(() => START);
    first.apply({ type: 'move', byMs: HOUR_MS });
    const second = new MovableClock(() => START + 7, first.state);
    expect(second.now()).toBe(START + HOUR_MS + 7);
    expect(() => first.apply({ type: 'move', byMs: -START - DAY_MS })).toThrow(RangeError);
    expect(() => first.apply({ type: 'set', at: Date.UTC(9999, 1, 1) })).toThrow(RangeError);
    expect(first.now()).toBe(START + HOUR_MS);
  });

  it('whatever JSON comes, a command or a state is understood whole or refused with a reason', () => {
    const type = fc.constantFrom('move', 'set', 'rate', 'now', 'x');
    const number = fc.oneof(fc.integer(), fc.double(), fc.constant(null));
    const command = fc.record(
      { type, byMs: number, at: number, rate: number },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(command, json), (value) => {
        const clock = new MovableClock(() => START);
        try {
          clock.apply(readClockCommand(value));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
        expect(Number.isSafeInteger(clock.now())).toBe(true);
        expect(() => new Date(clock.now()).toISOString()).not.toThrow();
        try {
          readClockState(value);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      seeded({ numRuns: 2000 }),
    );
  });
});

describe('faults as JSON', () => {
  it.each<[object, string]>([
    [{ kind: 'explode' }, 'kind must be one of'],
    [{ kind: 'delay' }, 'ms is missing'],
    [{ kind: 'delay', ms: 2 * DAY_MS }, 'ms must be a whole number'],
    [{ kind: 'delay', ms: -1 }, 'ms must be a whole number'],
    [{ kind: 'error', nth: 0 }, 'nth must be a whole number'],
    [{ kind: 'error', status: 200 }, 'status must be a whole number'],
    [{ kind: 'error', code: '<x>' }, 'code is no error code'],
    [{ kind: 'error', ms: 5 }, 'ms is no part of the fault error'],
    [{ kind: 'reset', when: 'later' }, 'when must be before or after'],
    [{ kind: 'error', operation: 5 }, 'operation is no text'],
    [[], 'a fault is an object'],
  ])('%j is refused: %s', (value, reason) => {
    expect(() => readFault(value)).toThrow(reason);
  });

  it('keeps the timing that was asked for', () => {
    const timing = { nth: 3, repeat: 2, operation: 'PutObject', keyPrefix: 'a/' };
    expect(readFault({ kind: 'error', ...timing })).toEqual({
      kind: 'error',
      code: 'SlowDown',
      status: 503,
      ...timing,
    });
    expect(readFault({ kind: 'skewClock', ms: -HOUR_MS })).toEqual({
      kind: 'skewClock',
      ms: -HOUR_MS,
      nth: 1,
    });
  });

  it('whatever JSON comes, it is a rule that the table takes or is refused with a reason', () => {
    const kind = fc.constantFrom('error', 'reset', 'corruptBody', 'delay', 'skewClock', 'x');
    const rule = fc.record(
      { kind, nth: json, repeat: json, ms: fc.integer(), code: json, operation: fc.string() },
      { requiredKeys: ['kind'] },
    );
    fc.assert(
      fc.property(fc.oneof(rule, json), (value) => {
        try {
          createFaultTable().add(readFault(value));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      seeded({ numRuns: 2000 }),
    );
  });
});

describe('the control API', () => {
  const token = 'token';
  const faults = createFaultTable();
  const requests = new RequestLog();
  let clock: MovableClock;
  let family: RunningFamily;
  let control: Awaited<ReturnType<typeof startControl>>;
  let saved = 0;

  const familyOptions = (): FamilyOptions => ({
    clock,
    host: '127.0.0.1',
    port: 0,
    state: { kind: 'memory' },
    profile: 'aws',
    faults,
    buckets: ['demo'],
    ownerSeed: Buffer.alloc(64, 7),
    wait: async () => undefined,
    random: countingRandom(),
  });

  beforeEach(async () => {
    clock = new MovableClock(() => START);
    family = await (await FAMILIES.s3!()).start(familyOptions());
    const families = [family];
    const onClockMoved = (): void => {
      saved += 1;
    };
    saved = 0;
    control = await startControl(
      { clock, faults, families, buckets: ['demo'], requests, onClockMoved },
      token,
    );
  });
  afterEach(async () => {
    faults.clear();
    await control.close();
    await family.close();
  });

  const ask = async (method: string, path: string, body?: unknown, bearer = token) => {
    const reply = await fetch(`http://127.0.0.1:${control.port}${path}`, {
      method,
      headers: { authorization: `Bearer ${bearer}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
  };

  it('wants its token for everything', async () => {
    for (const bearer of ['', 'wrong', `${token}x`]) {
      expect((await ask('GET', '/v1/status', undefined, bearer)).status).toBe(401);
      const moved = await ask('POST', '/v1/clock', { type: 'move', byMs: 1 }, bearer);
      expect(moved.status).toBe(401);
    }
    expect(clock.now()).toBe(START);
  });

  it('tells its status and moves the clock of the families', async () => {
    expect((await ask('GET', '/v1/status')).body).toEqual({
      clock: { now: START, rate: 1 },
      buckets: ['demo'],
      families: [{ kind: 's3', endpoint: family.endpoint, port: family.port }],
    });
    const moved = await ask('POST', '/v1/clock', { type: 'move', byMs: -DAY_MS });
    expect(moved.body).toEqual({ before: START, after: START - DAY_MS, rate: 1 });
    expect([clock.now(), saved]).toEqual([START - DAY_MS, 1]);
  });

  it('sets, lists and clears faults', async () => {
    const rule = { kind: 'error', nth: 1, code: 'SlowDown', status: 503 };
    expect((await ask('POST', '/v1/faults', rule)).body).toEqual([{ rule, matched: 0, fired: 0 }]);
    expect((await fetch(family.endpoint)).status).toBe(403);
    expect((await ask('DELETE', '/v1/faults')).body).toEqual([]);
    const skewed = await ask('POST', '/v1/faults', { kind: 'skewClock', ms: 1, operation: 'x' });
    expect(skewed).toMatchObject({ status: 400, body: { code: 'invalid' } });
  });

  it('issues keys within the limits of STS, and refuses the rest in its words', async () => {
    const request = { bucket: 'demo', prefix: 'a/', durationMs: HOUR_MS };
    const issued = await ask('POST', '/v1/keys', request);
    expect(issued.body).toMatchObject({ expiresAt: START + HOUR_MS, endpoint: family.endpoint });
    const names = [
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
      'AWS_ENDPOINT_URL',
      'AWS_REGION',
      'AWS_DEFAULT_REGION',
    ];
    expect(Object.keys(issued.body.environment as object)).toEqual(names);
    const long = await ask('POST', '/v1/keys', { ...request, durationMs: 14 * DAY_MS });
    expect(long).toMatchObject({ status: 409, body: { code: 'ValidationError' } });
    const azure = await ask('POST', '/v1/keys', { ...request, family: 'azure' });
    expect(azure).toMatchObject({ status: 400, body: { message: /there is s3/ } });
    expect((await ask('POST', '/v1/keys', {})).status).toBe(400);
  });

  it('refuses unknown paths, broken bodies and too much of them', async () => {
    expect((await ask('GET', '/v1/clock')).status).toBe(404);
    expect((await ask('POST', '/v1/clock', 'x'.repeat(70_000))).status).toBe(413);
    expect((await ask('GET', '/v1/requests?last=0')).status).toBe(400);
    const reply = await fetch(`http://127.0.0.1:${control.port}/v1/clock`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: '{',
    });
    expect(reply.status).toBe(400);
  });

  it('the same owner seed gives the same keys, another seed others', async () => {
    const settings = JSON.stringify(family.clientSettings());
    const keyOf = (text: string) => /AKIA[A-Z2-7]{16}/.exec(text)?.[0];
    const other = await (await FAMILIES.s3!()).start({
      ...familyOptions(),
      ownerSeed: Buffer.alloc(64, 8),
    });
    const again = await (await FAMILIES.s3!()).start(familyOptions());
    expect(keyOf(JSON.stringify(again.clientSettings()))).toBe(keyOf(settings));
    expect(keyOf(JSON.stringify(other.clientSettings()))).not.toBe(keyOf(settings));
    await Promise.all([other.close(), again.close()]);
  });
});

describe('explaining requests', () => {
  const entry: ExplainedRequest = {
    at: START,
    requestId: 'R',
    family: 's3',
    operation: 'GetObject',
    method: 'GET',
    bucket: 'b',
    key: 'k\u001b[31m',
    accessKeyId: 'ASIAX',
    status: 403,
    code: 'AccessDenied',
    bytesIn: 0,
    bytesOut: 0,
    decisions: [
      {
        allowed: false,
        action: 's3:GetObject',
        resource: 'arn:aws:s3:::b/k',
        at: START,
        requestId: 'R',
        principalArn: 'arn:x',
        layers: [
          { source: 'role policy', outcome: 'allowed', statement: 'FullAccess' },
          { source: 'session policy', outcome: 'not allowed' },
        ],
      },
    ],
  };

  it('names the policy that did not allow it, and lets no control character through', () => {
    expect(explainRequest(entry)).toEqual([
      '2026-01-15T12:00:00.000Z  s3  GetObject  b/k?[31m  403  AccessDenied  by ASIAX',
      '  denied  s3:GetObject on arn:aws:s3:::b/k (role policy: allowed by FullAccess; ' +
        'session policy: no statement applies)',
    ]);
  });

  it('says when no policy was even asked', () => {
    const expired = { ...entry, key: 'k', status: 400, code: 'ExpiredToken', decisions: [] };
    expect(explainRequest(expired)[1]).toBe('  refused before any policy was asked: ExpiredToken');
  });

  it('keeps a bounded number of requests', () => {
    const log = new RequestLog();
    for (let index = 0; index < 5000; index += 1) log.add({ ...entry, at: index });
    expect(log.latest(2).map(({ at }) => at)).toEqual([4998, 4999]);
    expect(log.latest(9999)).toHaveLength(1000);
  });
});

describe('the folder of a storage', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fortnight-endpoint-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('keeps seed and clock, tells where the control is, and is for one at a time', () => {
    const folder = new EndpointFolder(directory);
    expect(() => new EndpointFolder(directory)).toThrow(/is served by process/);
    const seed = folder.ownerSeed(countingRandom());
    expect(folder.clockState()).toBeUndefined();
    folder.saveClockState({ virtualAt: 5, realAt: 6, rate: 0 });
    folder.announceControl({ port: 1, token: 't', pid: 2 });
    expect(findControl(directory)).toEqual({ port: 1, token: 't', pid: 2 });
    for (const name of ['control.json', 'owner.seed', 'clock.json']) {
      expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    }
    folder.close();
    expect(findControl(directory)).toBeUndefined();
    const again = new EndpointFolder(directory);
    expect(again.ownerSeed(() => Buffer.alloc(64)).equals(seed)).toBe(true);
    expect(again.clockState()).toEqual({ virtualAt: 5, realAt: 6, rate: 0 });
    again.close();
  });

  it.each([
    ['a folder of something else', 'file.txt', 'x', /is no storage state folder/],
    ['a lab', 'format.json', '{"format":"fortnight-storage","version":1}', /no storage state/],
    [
      'another version',
      'format.json',
      '{"format":"fortnight-storage-endpoint","version":9}',
      /has state version 9/,
    ],
  ])('refuses %s', (_name, file, text, reason) => {
    writeFileSync(join(directory, file), text);
    expect(() => new EndpointFolder(directory)).toThrow(reason);
  });

  it.each([
    ['clock.json', '{"virtualAt":1}', (folder: EndpointFolder) => folder.clockState()],
    ['owner.seed', 'short', (folder: EndpointFolder) => folder.ownerSeed(countingRandom())],
  ])('says which file is damaged: %s', (file, text, use) => {
    const folder = new EndpointFolder(directory);
    writeFileSync(join(directory, file), text);
    expect(() => use(folder)).toThrow(new RegExp(`${file} is damaged`));
    folder.close();
  });

  it('makes a certificate once, and clients that are given it trust the storage', async () => {
    const folder = new EndpointFolder(directory);
    const { key, cert, certFile } = folder.tls(countingRandom());
    expect(folder.tls(countingRandom()).cert).toBe(cert);
    expect(existsSync(certFile)).toBe(true);
    folder.close();
    const lab = await startLab({ tls: { key, cert } });
    expect(lab.storage.endpoint).toMatch(/^https:/);
    const status = await new Promise((resolve, reject) => {
      const options = {
        ca: cert,
        port: lab.storage.port,
        host: '127.0.0.1',
        agent: false,
      } as const;
      request({ ...options, path: '/' }, (reply) => {
        reply.resume();
        resolve(reply.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
    await lab.close();
  });

  it('the certificate names the loopback and the buckets below s3.localhost', () => {
    const certificate = new X509Certificate(makeSelfSigned(countingRandom()).cert);
    expect(certificate.checkHost('bucket.s3.localhost')).toBe('*.s3.localhost');
    expect(certificate.checkHost('localhost')).toBe('localhost');
    expect(certificate.checkHost('example.com')).toBeUndefined();
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.validFrom).toContain('2020');
    expect(certificate.validTo).toContain('2049');
  });
});
