import { describe, expect, test } from 'vitest';
import type { JsonObject, LogEvent } from '../../../machines/ports/event-log.ts';
import { parseFleet } from '../../../sim/fleet/file/load.ts';
import { replayFleet } from '../../../sim/trace/fleet-replayer.ts';
import { fleetHeader, type Recipe } from '../../../sim/trace/recipe.ts';
import { replay } from '../../../sim/trace/replay.ts';
import { decodeToken, encodeToken } from '../../../sim/trace/token.ts';

const FLEET = `
version: 1
title: Five tenants, two days
start: 2026-01-05T00:00:00Z
days: 2
gateways: [{ name: gate, bandwidth: 1Gbit/s }]
storages: [{ name: minio, kind: s3-compatible, longestSession: 365d }]
repositories: [{ name: vault, storage: minio, mode: direct, access: iam-sts }]
tenants:
  - name: shops
    count: 5
    repository: vault
    quota: 1TiB
    schedule: { daily: "22:00", jitter: 1h }
    first: { min: 1GiB, typical: 2GiB, max: 4GiB }
    incremental: { min: 1GiB, typical: 1GiB, max: 2GiB }
    throughput: 100Mbit/s
`;

function recipe(plant: string | null): Recipe {
  const read = parseFleet(FLEET, { file: 'small' });
  if (!read.ok) throw new Error(read.problems.map(({ text }) => text).join('; '));
  const fleet = JSON.parse(JSON.stringify(read.fleet)) as JsonObject;
  return fleetHeader({ title: read.fleet.title, fleet, seed: 7, plant, build: 'test' });
}

async function recorded(given: Recipe) {
  const events: LogEvent[] = [];
  const never = new AbortController().signal;
  const verdict = await replayFleet(given, (event) => void events.push(event), never);
  return { events, verdict };
}

describe('the trace of a fleet', () => {
  test('I76: is replayed event by event, also from a token', async () => {
    const given = recipe(null);
    const { events } = await recorded(given);
    expect(events.length).toBeGreaterThan(100);
    const token = encodeToken({ recipe: given, outcome: null });
    const result = await replay({ recipe: decodeToken(token).recipe, recorded: events });
    expect([result.difference, result.sameCount]).toEqual([null, events.length]);
  });

  test('a planted bug is planted again, and its violation is the same', async () => {
    const given = recipe('I71');
    const { events, verdict } = await recorded(given);
    expect(verdict.violations.map(({ invariant }) => invariant)).toContain('I71');
    const result = await replay({ recipe: given, recorded: events });
    expect([result.difference, result.verdict]).toEqual([null, verdict]);
  });

  test.each<[string, JsonObject, string]>([
    ['no fleet', { plant: null }, 'no fleet'],
    ['a fleet of another format', { fleet: { version: 2 } }, 'no fleet'],
    ['a bug that is unknown', { ...recipe(null).options, plant: 'I999' }, 'I999'],
  ])('%s is refused in words', async (_name, options, words) => {
    await expect(recorded({ ...recipe(null), options })).rejects.toThrow(words);
  });
});
