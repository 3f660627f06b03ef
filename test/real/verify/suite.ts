import { randomBytes } from 'node:crypto';
import { verifyLive } from '../../../sim/verify/live.ts';
import type { PointReport } from '../../../sim/verify/outcome.ts';
import { parseTarget } from '../../../sim/verify/target/load.ts';
import { readSecrets } from '../../../sim/verify/target/secrets.ts';
import type { RealReport, RealSuite } from '../report.ts';
import { Unavailable } from '../servers/running.ts';
import { KNOWN_FAILURES } from './known-failures.ts';
import { azuriteTarget, cephTarget, type RealTarget } from './targets.ts';

const SERVERS = [
  { name: 'Ceph', start: cephTarget },
  { name: 'Azurite', start: azuriteTarget },
] as const;

/** `fortnight verify` against real servers: each point, and what is known not to hold there. */
export const verifySuite: RealSuite = {
  name: 'verify: real servers, point by point',
  run: async (report) => {
    const write = (line: string): void => void process.stdout.write(`${line}\n`);
    for (const { name, start } of SERVERS) {
      let target: RealTarget;
      try {
        target = await start(write);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        report.skip(`verify on ${name}`, error.message);
        continue;
      }
      try {
        await verifyOn(report, target, KNOWN_FAILURES[name] ?? {});
      } finally {
        await target.stop();
      }
    }
  },
};

async function verifyOn(
  report: RealReport,
  { environment, lines, name }: RealTarget,
  known: Readonly<Record<string, string>>,
): Promise<void> {
  const read = parseTarget(lines.join('\n'), `${name}.yaml`);
  if (!read.ok) throw new Error(read.problems.map(({ text }) => text).join('; '));
  const { target } = read;
  const found = await verifyLive({
    target,
    secrets: readSecrets(target, environment),
    signal: new AbortController().signal,
    runId: randomBytes(6).toString('hex'),
    onPoint: () => undefined,
  });
  for (const point of found.points) await judge(report, name, point, known[point.id]);
  await report.check(`${name}: nothing is left behind`, async () => {
    if (found.leftovers.length > 0) throw new Error(found.leftovers.join('\n'));
  });
}

/** A point that is known to fail must fail: when it passes, the list is older than the server. */
async function judge(
  report: RealReport,
  server: string,
  point: PointReport,
  why: string | undefined,
): Promise<void> {
  const { answered, id, title, verdict } = point;
  const known = why === undefined ? '' : ` (known to fail: ${why})`;
  await report.check(`${server}: ${id} ${title}${known}`, async () => {
    const isRight = verdict === 'pass' || verdict === 'not-applicable';
    if (isRight && why !== undefined) throw new Error('it passes now: remove it from the list');
    if (!isRight && why === undefined) throw new Error(`${verdict}: ${answered}`);
  });
}
