import type { FleetRun } from '../run/run-fleet.ts';

/** The report as NDJSON: one line a subject, the outcome last. */
export function jsonLines(run: FleetRun, name: string): readonly string[] {
  const { report } = run;
  const { startAt, endAt, hours, tenants, ...subjects } = report;
  const lines: object[] = Object.entries(subjects).map(([subject, value]) => ({
    type: `fleet.${subject}`,
    run: name,
    ...(Array.isArray(value) ? { items: value } : value),
  }));
  for (const violation of run.violations)
    lines.push({ type: 'fleet.violation', run: name, ...violation });
  for (const text of run.pending) lines.push({ type: 'fleet.pending', run: name, text });
  lines.push({
    type: 'fleet.summary',
    run: name,
    ok: isFine(run),
    startAt,
    endAt,
    hours,
    tenants,
    violations: run.violationCount,
    pending: run.pending.length,
    unfired: run.unfired,
    witnesses: run.witnesses,
    events: run.eventCount,
    isInterrupted: run.isInterrupted,
    traceHash: run.traceHash,
  });
  return lines.map((line) => JSON.stringify(line));
}

/** No rule was broken, every session ended, every scripted fault struck. */
export function isFine(run: FleetRun): boolean {
  return run.violationCount === 0 && run.pending.length === 0 && run.unfired.length === 0;
}
