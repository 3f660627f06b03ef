import type { Answer } from './check.ts';
import { KNOWN_FAILURES } from './contracts/known-failures.ts';
import { countLines, type WireRow } from './family.ts';
import type { FamilyRun } from './s3-suite.ts';

/** The command that writes the document; it stands in it. */
export const WRITE_COMMAND = 'npm run test:real -- --write-fidelity wire';

/** docs/fidelity.md, made of what a run found and of nothing else. */
export function fidelityDocument(s3: FamilyRun, azure: FamilyRun): string {
  return [
    '# Fidelity: ours beside real servers',
    '',
    `Written by \`${WRITE_COMMAND}\` from what the servers answered; do not edit. Each row is one`,
    'check of `test/real/wire/`, put over the wire to ours and to the real server, with the official',
    'SDKs or with requests signed by hand. `npm run test:real` fails when an answer changes, when a',
    'difference is not explained, and when an explained one is there no more.',
    '',
    `Servers: ${s3.server}, ${azure.server}. Clocks were moved by libfaketime, ours by its own.`,
    '',
    ...[...countLines(s3), ...countLines(azure)].map((line) => `- ${line}`),
    '',
    'An answer is the status, the error code, then the fields that matter; *then* stands between the',
    'answers of one check’s steps. "Documented" is what AWS or Azure document; where they are silent, it',
    'is what ours answers.',
    '',
    '## S3 and STS: where Ceph RGW differs, and why',
    '',
    ...deviationTable(s3.rows, 'ours, profile ceph', 'Ceph RGW', 'ceph'),
    '',
    '## Azure Blob: where Azurite differs, and why',
    '',
    ...deviationTable(azure.rows, 'ours', 'Azurite', 'azure'),
    '',
    '## Where ours differs from the documentation',
    '',
    'On purpose; the `minio` and `ceph` profiles answer as those servers do (`sim/storage/profiles.ts`).',
    'No MinIO server runs here: that profile follows its source code and is not held to a server.',
    '',
    ...ownTable([...s3.rows, ...azure.rows]),
    '',
    '## S3 and STS: all checks',
    '',
    ...checkTable(s3.rows, ['aws', 'minio', 'ceph'], 'Ceph RGW'),
    '',
    '## Azure Blob: all checks',
    '',
    ...checkTable(azure.rows, ['azure'], 'Azurite'),
    '',
    ...contractTable(),
    '',
    ...GOOGLE,
    '',
  ].join('\n');
}

const GOOGLE = [
  '## Google Cloud Storage: no server to compare with',
  '',
  'No server from Debian or npm enforces tokens, boundaries or prefixes of Google Cloud Storage, so',
  'nothing here is measured against one. What ours answers follows the public documentation, and is',
  'held to Google’s unmodified client libraries only (`@google-cloud/storage`, and `DownscopedClient` of',
  '`google-auth-library`; `test/sim/storage/gcs`). These libraries show that requests and answers are',
  'understood. They do not show that Google would allow and deny the same: that rests on our reading',
  'of its documentation, and where that says nothing, on a choice listed in',
  '[storage-gcs.md](storage-gcs.md).',
];

/** Where our adapters do not keep the contracts of their ports on this server. */
function contractTable(): readonly string[] {
  return [
    '## The contracts of the ports on Ceph RGW: what does not hold',
    '',
    'The suites of `test/contract` (object store, issuer, scope) run with the S3 adapters in front of Ceph',
    'too, on one clock for both sides that stands still between its moves. All of their tests hold but',
    'these, and `npm run test:real` fails when one more does not or one of these does:',
    '',
    '| test | why |',
    '|---|---|',
    ...Object.entries(KNOWN_FAILURES).map(([name, why]) => line([plain(name), plain(why)])),
  ];
}

function deviationTable(
  rows: readonly WireRow[],
  oursName: string,
  serverName: string,
  variant: string,
): readonly string[] {
  const differing = rows.filter(({ deviation }) => deviation !== undefined);
  const notAsked = rows.filter((row) => row.notAsked !== undefined);
  const right = { ours: 'ours', server: serverName, open: 'open' };
  return [
    `| check | ${oursName} | ${serverName} | why | documentation backs |`,
    '|---|---|---|---|---|',
    ...differing.map((row) =>
      line([
        code(row.id),
        code(row.ours[variant]),
        code(row.server),
        plain(row.deviation?.why ?? ''),
        right[row.deviation?.right ?? 'open'],
      ]),
    ),
    ...notAsked.map((row) =>
      line([code(row.id), code(row.ours[variant]), 'not asked', plain(row.notAsked ?? ''), 'ours']),
    ),
  ];
}

function ownTable(rows: readonly WireRow[]): readonly string[] {
  const own = rows.filter(({ whyOurs }) => whyOurs !== undefined);
  const first = ({ ours }: WireRow): Answer | undefined => Object.values(ours)[0];
  return [
    '| check | documented | ours | why |',
    '|---|---|---|---|',
    ...own.map((row) =>
      line([code(row.id), code(row.documented), code(first(row)), plain(row.whyOurs ?? '')]),
    ),
  ];
}

/** One row a check; where a server answers as documented, that is said in a word. */
function checkTable(
  rows: readonly WireRow[],
  variants: readonly string[],
  serverName: string,
): readonly string[] {
  const same = (row: WireRow, answer: Answer | undefined): string =>
    answer === row.documented ? 'same' : code(answer);
  const names = variants.map((variant) => (variants.length === 1 ? 'ours' : `ours: ${variant}`));
  return [
    `| check | what | documented | ${names.join(' | ')} | ${serverName} |`,
    `|---|---|---|${'---|'.repeat(variants.length)}---|`,
    ...rows.map((row) =>
      line([
        code(row.id),
        plain(row.title),
        code(row.documented),
        ...variants.map((variant) => same(row, row.ours[variant])),
        row.notAsked === undefined ? same(row, row.server) : 'not asked',
      ]),
    ),
  ];
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function plain(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*');
}

/** Between backticks only the bar needs an escape; an empty answer is a dash. */
function code(answer: Answer | undefined): string {
  if (answer === undefined || answer === '') return '–';
  const text = answer.replaceAll('|', '\\|').replace(/\s+$/, '');
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}
