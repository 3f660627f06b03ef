import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RealReport, RealSuite } from '../report.ts';
import { runAzureWire } from './azure-suite.ts';
import { countLines } from './family.ts';
import { fidelityDocument, WRITE_COMMAND } from './fidelity.ts';
import { runS3Wire } from './s3-suite.ts';

const DOCUMENT = fileURLToPath(new URL('../../../docs/fidelity.md', import.meta.url));

/** Ours beside Ceph RGW and Azurite, check by check; and docs/fidelity.md says what was found. */
export function wireSuite(writesDocument: boolean): RealSuite {
  return {
    name: 'the wire: ours beside Ceph RGW and Azurite',
    run: async (report) => {
      const write = (line: string): void => void process.stdout.write(`${line}\n`);
      const s3 = await runS3Wire(report, write);
      const azure = await runAzureWire(report, write);
      if (s3.server === undefined || azure.server === undefined) {
        report.skip('docs/fidelity.md', 'it needs all servers');
      } else {
        const text = fidelityDocument(s3, azure);
        if (writesDocument) writeFileSync(DOCUMENT, text);
        await checkDocument(report, text);
      }
      for (const line of [...countLines(s3), ...countLines(azure)]) write(line);
    },
  };
}

/** Versions may be newer on another machine: they alone make the document no older. */
async function checkDocument(report: RealReport, text: string): Promise<void> {
  await report.check('docs/fidelity.md says what this run found', async () => {
    const written = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '';
    if (withoutVersions(written) === withoutVersions(text)) return;
    throw new Error(`it says something else: run ${WRITE_COMMAND} and look at the difference`);
  });
}

function withoutVersions(text: string): string {
  return text.replace(/^Servers: .*$/m, '');
}
