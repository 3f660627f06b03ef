import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkAws } from './clients/aws.ts';
import { BUCKET, ClientFolder } from './clients/client-folder.ts';
import { checkAzureLibrary, checkGoogleLibrary } from './clients/libraries.ts';
import { checkRclone, checkRcloneAzure, checkRcloneGcs } from './clients/rclone.ts';
import { checkRestic } from './clients/restic.ts';
import { installMissing } from './programs.ts';
import type { RealReport, RealSuite } from './report.ts';
import { serveStorage } from './served-storage.ts';

interface ClientCheck {
  readonly name: string;
  readonly kind: 's3' | 'azure' | 'gcs';
  /** Debian's program; `null` for a library, which npm has installed. */
  readonly program: 'aws' | 'restic' | 'rclone' | null;
  readonly run: (client: ClientFolder) => Promise<void>;
}

const CHECKS: readonly ClientCheck[] = [
  { name: 'aws', kind: 's3', program: 'aws', run: checkAws },
  { name: 'restic', kind: 's3', program: 'restic', run: checkRestic },
  { name: 'rclone', kind: 's3', program: 'rclone', run: checkRclone },
  { name: 'rclone-azure', kind: 'azure', program: 'rclone', run: checkRcloneAzure },
  { name: 'rclone-gcs', kind: 'gcs', program: 'rclone', run: checkRcloneGcs },
  { name: 'azure-library', kind: 'azure', program: null, run: checkAzureLibrary },
  { name: 'google-library', kind: 'gcs', program: null, run: checkGoogleLibrary },
];

/**
 * Debian's awscli, restic and rclone and the official libraries of Azure and Google in programs of
 * their own, all unmodified, against `fortnight storage`.
 */
export const clientSuite: RealSuite = {
  name: 'public clients',
  run: async (report) => {
    const packages = { aws: 'awscli', restic: 'restic', rclone: 'rclone' };
    const missing = installMissing(packages, (line) => process.stdout.write(`${line}\n`));
    const folder = mkdtempSync(join(tmpdir(), 'fortnight-clients-'));
    try {
      for (const check of CHECKS) {
        const why = check.program === null ? undefined : missing.get(check.program);
        if (why === undefined) await runCheck(report, check, join(folder, check.name));
        else report.skip(check.name, why);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function runCheck(report: RealReport, check: ClientCheck, folder: string): Promise<void> {
  const words = ['--memory', '--bucket', BUCKET, '--kind', check.kind];
  const storage = await serveStorage(`${folder}-state`, ...words);
  try {
    await check.run(new ClientFolder(report, storage, folder));
  } catch (error) {
    await report.check(`${check.name} could be run to its end`, () => Promise.reject(error));
  } finally {
    const code = await storage.close();
    await report.check(`${check.name}: the storage ends with 143 at SIGTERM`, async () => {
      if (code !== 143) throw new Error(`it ended with ${code}`);
    });
  }
}
