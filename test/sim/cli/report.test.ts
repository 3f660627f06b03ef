import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ERROR_CATALOGUE, type ErrorCode } from '../../../machines/rules/errors.ts';
import { OPERATIONS } from '../../../machines/rules/settings.ts';
import { REPORT_WIDTH, renderReport } from '../../../sim/cli/report.ts';
import type { RunSummary, SummarySession } from '../../../sim/world/run-summary.ts';
import { seeded } from '../../support/seed.ts';

const PLAIN = { color: false, ascii: false };
const START = Date.UTC(2026, 0, 5, 8);

const SESSION: SummarySession = {
  id: 's1',
  tenant: 'acme',
  subtenant: null,
  repository: 'vault-direct',
  operation: 'backup',
  route: {
    dataPath: 'direct',
    sourceHost: 'agentMachine',
    targetHost: 'agentMachine',
    credential: 'limited',
    assumed: false,
  },
  state: 'done',
  bytes: { source: 1_048_576, gateway: 0, storage: 524_288 },
  generation: 2,
  verified: null,
};

const SUMMARY: RunSummary = {
  type: 'run.summary',
  ok: true,
  title: 'Tour',
  seed: 14,
  world: 'lab',
  startAt: START,
  endAt: START + 86_400_000,
  violations: [],
  sessions: [SESSION],
  credentials: [
    {
      scope: 'acme/vault-direct',
      generation: 2,
      issuedAt: START,
      expiresAt: START + 14 * 86_400_000,
      state: 'live',
    },
  ],
};

describe('the readable report', () => {
  it('fits 80 columns: when a credential was issued gives way', () => {
    const [credential] = SUMMARY.credentials;
    const credentials = [
      {
        ...(credential ?? expect.fail('no credential')),
        scope: 'a-tenant@its-subtenant/a-repository',
        generation: 1000,
        expiresAt: (SUMMARY.endAt ?? 0) + 1234 * 86_400_000 + 23 * 3_600_000 + 59 * 60_000,
        state: 'irrevocable' as const,
      },
    ];
    const table = (columns: number): readonly string[] => {
      const lines = renderReport({ ...SUMMARY, credentials }, { ...PLAIN, columns });
      const at = lines.indexOf('Credentials (1)');
      return lines.slice(at + 1, at + 4);
    };
    for (const line of table(80)) expect(line.length).toBeLessThanOrEqual(80);
    expect(table(99)[0]).not.toContain('issued');
    expect(table(99)[0]).toContain('expires');
    expect(table(100)[0]).toContain('issued');
  });

  it('shows route, hosts, bytes, generation, credential, and what was simulated', () => {
    expect(renderReport(SUMMARY, PLAIN).join('\n')).toMatchInlineSnapshot(`
      "Tour
      world lab, seed 14, 2026-01-05 08:00Z to 2026-01-06 08:00Z, 1d of its time

      Sessions (1)
      session  who   repository    what    path    target mover   gen  result
      ───────────────────────────────────────────────────────────────────────
      s1       acme  vault-direct  backup  direct  agent machine    2  done
                1 MiB read on the agent machine, 0 B through the gateway, 512 KiB at storage

      Credentials (1)
      scope              gen  issued             expires            left at the end  state
      ────────────────────────────────────────────────────────────────────────────────────
      acme/vault-direct    2  2026-01-05 08:00Z  2026-01-19 08:00Z  13d              live

      simulated   the storage systems (over HTTP on this machine); the passing of time
      real        the SDKs of the vendors; sockets and mover processes; the bytes moved

      OK: no rule was violated; 1 done, 0 failed or cancelled."
    `);
  });

  it('says the sentence of an error code, and each violation with rule and session', () => {
    const text = renderReport(
      {
        ...SUMMARY,
        ok: false,
        sessions: [{ ...SESSION, state: 'failed', code: 'quota.exceeded' }],
        violations: [{ invariant: 'I4', rule: 'P3', session: 's1', text: 'a byte too many' }],
      },
      PLAIN,
    ).join('\n');
    expect(text).toContain('quota.exceeded: The quota of the tenant is used up (Q3).');
    expect(text).toContain('  I4 (P3), session s1: a byte too many');
    expect(text).toContain('NOT OK: 1 violation; 0 done, 1 failed or cancelled.');
  });

  it('never calls a restore verified that is not', () => {
    const restore = { ...SESSION, operation: 'restore' as const };
    const result = (verified: boolean) =>
      renderReport({ ...SUMMARY, sessions: [{ ...restore, verified }] }, PLAIN).join('\n');
    expect(result(true)).toContain('done, verified');
    expect(result(false)).toContain('done, NOT verified');
  });

  it('shows a refused session and an empty run', () => {
    const refused = { ...SESSION, route: null, state: 'failed' as const, generation: null };
    expect(renderReport({ ...SUMMARY, sessions: [refused] }, PLAIN).join('\n')).toContain(
      'refused',
    );
    const empty = renderReport({ ...SUMMARY, sessions: [], credentials: [] }, PLAIN).join('\n');
    expect(empty).toContain('No session ran.');
    expect(empty).toContain('None was issued.');
  });

  it('colours only when asked', () => {
    const colored = renderReport(SUMMARY, { color: true, ascii: false }).join('\n');
    expect(colored).toContain('\u001b[32m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are what is tested.
    const bare = colored.replace(/\u001b\[\d+m/g, '');
    expect(bare).toBe(renderReport(SUMMARY, PLAIN).join('\n'));
  });

  it('is at most 100 columns wide for all names, and ASCII when asked (property)', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 90 });
    const bytes = fc.nat({ max: 2 ** 50 });
    const session = fc.record({
      id: word,
      tenant: word,
      subtenant: fc.option(word),
      repository: word,
      operation: fc.constantFrom(...OPERATIONS),
      route: fc.constantFrom(SESSION.route, null),
      state: fc.constantFrom('done' as const, 'failed' as const, 'cancelled' as const),
      code: fc.option(fc.constantFrom(...(Object.keys(ERROR_CATALOGUE) as ErrorCode[]))),
      bytes: fc.record({ source: bytes, gateway: bytes, storage: bytes }),
      generation: fc.option(fc.nat({ max: 999 })),
      verified: fc.option(fc.boolean()),
    });
    const credential = fc.record({
      scope: word,
      generation: fc.nat({ max: 9999 }),
      issuedAt: fc.nat({ max: 2 ** 41 }),
      expiresAt: fc.nat({ max: 2 ** 41 }),
      state: fc.constantFrom('live', 'superseded', 'irrevocable'),
    });
    const summaries = fc.record({
      sessions: fc.array(session, { maxLength: 5 }),
      credentials: fc.array(credential, { maxLength: 5 }),
      title: word,
      ok: fc.boolean(),
    });
    fc.assert(
      fc.property(summaries, (parts) => {
        for (const line of renderReport({ ...SUMMARY, ...parts }, { color: false, ascii: true })) {
          expect(line.length).toBeLessThanOrEqual(REPORT_WIDTH);
          expect(line).toMatch(/^[ -~]*$/);
        }
      }),
      seeded({ numRuns: 300 }),
    );
  });
});
