import type { RealReport } from '../report.ts';
import { startAzurite } from '../servers/azurite.ts';
import { Unavailable } from '../servers/running.ts';
import { AZURITE_DEVIATIONS } from './azure/azurite-deviations.ts';
import { AZURE_CHECKS } from './azure/table.ts';
import { type AzureTarget, azuriteTarget, oursAzureTarget } from './azure-target.ts';
import { runFamily } from './family.ts';
import type { FamilyRun } from './s3-suite.ts';

/** Azure Blob: ours and Azurite, both over TLS (the client sends bearer tokens over nothing else). */
export async function runAzureWire(
  report: RealReport,
  write: (line: string) => void,
): Promise<FamilyRun> {
  const targets: AzureTarget[] = [];
  try {
    const ours = await oursAzureTarget();
    targets.push(ours);
    const azurite = await openAzurite(report, write);
    if (azurite !== undefined) targets.push(azurite.target);
    const result = await runFamily(
      {
        name: 'Azure',
        checks: AZURE_CHECKS,
        deviations: AZURITE_DEVIATIONS,
        ours: { azure: ours },
        comparedVariant: 'azure',
        serverName: 'Azurite',
        server: azurite?.target,
      },
      report,
    );
    return { ...result, server: azurite?.name };
  } finally {
    for (const target of targets) await target.stop();
  }
}

async function openAzurite(
  report: RealReport,
  write: (line: string) => void,
): Promise<{ readonly target: AzureTarget; readonly name: string } | undefined> {
  try {
    const server = await startAzurite(write, { tls: true });
    return { target: azuriteTarget(server), name: `${server.name} ${server.version}` };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    report.skip('Azurite', error.message);
    return undefined;
  }
}
