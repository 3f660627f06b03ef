/** What a folder may import besides itself; `why` is the sentence that a breach is answered with. */
export interface Layer {
  /** A folder, or a file without its ending (`adapters/compose` covers `adapters/compose.ts`). */
  readonly folder: string;
  readonly why: string;
  /** Folders, with everything below them. */
  readonly mayImport: readonly string[];
  /** npm packages; `@aws-sdk/` covers a whole scope. */
  readonly packages?: readonly string[];
  /** Node's own modules: all of them unless the layer is pure or names what it must not use. */
  readonly node?: 'none' | { readonly except: readonly string[] };
}

const RULES = 'machines/rules';
const PORTS = ['machines/ports', RULES];
const PURE = 'machines/ is pure: it imports xstate and itself, so that every run can be replayed';
const CLOUD = 'a cloud adapter knows the ports and its own SDK, never another cloud or the roles';
const CLOUD_PORTS = [...PORTS, 'adapters/common-store'];
const S3_PACKAGES = ['@aws-sdk/', '@smithy/'];
const TRANSFER = ['adapters/transfer', 'adapters/backup-format'];

/** "Who may import whom" of ARCHITECTURE.md. The longest matching folder decides. */
export const LAYERS: readonly Layer[] = [
  {
    folder: RULES,
    why: `${PURE}; rules are plain functions and data below everything else`,
    mayImport: [],
    node: 'none',
  },
  {
    folder: 'machines/ports',
    why: `${PURE}; ports say what the machines need and know no machine`,
    mayImport: [RULES],
    packages: ['xstate'],
    node: 'none',
  },
  { folder: 'machines', why: PURE, mayImport: ['machines'], packages: ['xstate'], node: 'none' },

  { folder: 'adapters/clock', why: 'clocks stand below all other adapters', mayImport: PORTS },
  {
    folder: 'adapters/common-store',
    why: 'what every object store needs and no SDK is in',
    mayImport: PORTS,
  },
  { folder: 'adapters/s3', why: CLOUD, mayImport: CLOUD_PORTS, packages: S3_PACKAGES },
  {
    folder: 'adapters/aws',
    why: CLOUD,
    mayImport: [...PORTS, 'adapters/s3'],
    packages: S3_PACKAGES,
  },
  {
    folder: 'adapters/s3-compatible',
    why: CLOUD,
    mayImport: [...PORTS, 'adapters/s3'],
    packages: S3_PACKAGES,
  },
  { folder: 'adapters/azure', why: CLOUD, mayImport: CLOUD_PORTS, packages: ['@azure/'] },
  {
    folder: 'adapters/gcs',
    why: CLOUD,
    mayImport: CLOUD_PORTS,
    packages: ['@google-cloud/storage', 'google-auth-library'],
  },
  {
    folder: 'adapters/config-db',
    why: 'the configuration database knows its port, not who uses it',
    mayImport: PORTS,
  },
  {
    folder: 'adapters/wrap',
    why: 'decorators know the port that they wrap, not what stands behind it',
    mayImport: PORTS,
  },
  {
    folder: 'adapters/memory',
    why: 'memory adapters need no cloud and no simulation: they are held to the same contracts',
    mayImport: [...PORTS, 'adapters/wrap'],
  },
  {
    folder: 'adapters/transport',
    why: 'a transport carries messages and does not know what they mean',
    mayImport: PORTS,
  },
  {
    folder: 'adapters/backup-format',
    why: 'the backup format knows no storage and no role',
    mayImport: [...PORTS, 'adapters/transfer'],
  },
  {
    folder: 'adapters/transfer',
    why: 'the engines know stores and links as ports only',
    mayImport: [...PORTS, 'adapters/backup-format'],
  },
  {
    folder: 'adapters/roles',
    why: 'roles are transport-agnostic: links, stores and issuers are handed to them as ports',
    mayImport: ['machines', 'adapters/wrap', ...TRANSFER],
    packages: ['xstate', 'zod'],
    node: {
      except: ['node:net', 'node:tls', 'node:http', 'node:https', 'node:child_process'],
    },
  },
  {
    folder: 'adapters/compose',
    why: 'adapters/ never knows the simulation: real runs must not depend on it',
    mayImport: ['machines', 'adapters'],
    packages: ['xstate'],
  },

  {
    folder: 'sim/kernel',
    why: 'the kernel stands below all simulated worlds',
    mayImport: [...PORTS, 'adapters/clock'],
  },
  {
    folder: 'sim/check',
    why: 'checkers read only the log: they must not know the world that wrote it',
    mayImport: PORTS,
    node: 'none',
  },
  {
    folder: 'sim/rules',
    why: 'the rule catalogue is data: it names checkers, code and tests, and runs none of them',
    mayImport: ['sim/check'],
    node: 'none',
  },
  {
    folder: 'sim/storage',
    why: 'the storage side must not know the client side',
    mayImport: [RULES],
    packages: ['fast-xml-parser'],
  },
  {
    folder: 'sim/scenario',
    why: 'a scenario is data: it is read the same way for every world',
    mayImport: [RULES],
    packages: ['yaml', 'zod'],
  },
  {
    folder: 'sim/world',
    why: 'the simulated world has no sockets and no SDK: only roles, engines and memory adapters',
    mayImport: [
      'machines',
      'adapters/roles',
      'adapters/memory',
      'adapters/wrap',
      'adapters/clock',
      ...TRANSFER,
      'sim/kernel',
      'sim/check',
      'sim/scenario',
    ],
    packages: ['xstate'],
    node: { except: ['node:net', 'node:tls', 'node:http', 'node:https', 'node:child_process'] },
  },
  {
    folder: 'sim/fleet',
    why: 'a fleet is machines and a world that plays everything around them: no role, no adapter',
    mayImport: ['machines', 'sim/kernel', 'sim/check', 'sim/scenario'],
    packages: ['xstate', 'yaml', 'zod'],
    node: { except: ['node:net', 'node:tls', 'node:http', 'node:https', 'node:child_process'] },
  },
  {
    folder: 'sim/explore',
    why: 'exploration drives simulated worlds only',
    mayImport: ['machines', 'sim/world', 'sim/kernel', 'sim/check', 'sim/scenario'],
    packages: ['xstate'],
  },
  {
    folder: 'sim/conform',
    why: 'conformance compares a log with the machines: it reads the log and knows no world',
    mayImport: ['machines', 'sim/kernel'],
    node: 'none',
  },
  {
    folder: 'sim/trace',
    why: 'a trace is read, compared, drawn and explained from its lines; only a replayer knows a world',
    mayImport: [
      ...PORTS,
      'sim/kernel',
      'sim/check',
      'sim/rules',
      'sim/scenario',
      'sim/world',
      'sim/fleet',
      'sim/tui/model',
      'sim/tui/view-model',
      'sim/tui/words',
    ],
  },
  {
    folder: 'sim/lab',
    why: 'the lab joins real adapters and simulated storage; it does not know how it is shown',
    mayImport: [
      'machines',
      'adapters',
      'sim/kernel',
      'sim/check',
      'sim/storage',
      'sim/scenario',
      'sim/world',
    ],
    packages: ['xstate'],
  },
  {
    folder: 'sim/verify',
    why: 'verify asks a storage from outside: real adapters only, and no simulation of any',
    mayImport: ['machines', 'adapters', 'sim/scenario'],
    packages: ['@aws-sdk/', '@azure/storage-blob', 'zod'],
  },
  {
    folder: 'sim/cli',
    why: 'commands speak to worlds and to the lab, never to a cloud, a machine or a socket',
    mayImport: [
      RULES,
      'machines/ports',
      'machines/mode-selection',
      'adapters/compose',
      'adapters/roles',
      'sim',
    ],
    packages: ['commander'],
  },
  {
    folder: 'sim/tui',
    why: 'the terminal UI shows what worlds tell; it does not reach below them',
    mayImport: ['machines', 'sim/world', 'sim/check', 'sim/explore', 'sim/kernel', 'sim/scenario'],
    packages: ['ink', 'react', 'xstate'],
  },
];

/** What may be used only in a few places, and what to use elsewhere. */
interface Ban {
  readonly pattern: RegExp;
  readonly name: string;
  readonly instead: string;
}

const BANS: readonly Ban[] = [
  { pattern: /\bDate\s*\.\s*now\b/, name: 'Date.now', instead: 'now() of the injected Clock' },
  {
    pattern: /\bnew\s+Date\s*(\(\s*\)|(?![\w\s(]))/,
    name: 'new Date()',
    instead: 'now() of the injected Clock (formatInstant shows an instant)',
  },
  { pattern: /\bMath\s*\.\s*random\b/, name: 'Math.random', instead: 'the injected Prng' },
  {
    pattern: /\bsetTimeout\b/,
    name: 'setTimeout',
    instead: 'wakeAt of the injected Clock',
  },
  {
    pattern: /\bsetInterval\b/,
    name: 'setInterval',
    instead: 'wakeAt of the injected Clock, set again at each wake-up',
  },
  {
    pattern: /\bperformance\s*\.\s*now\b/,
    name: 'performance.now',
    instead: 'now() of the injected Clock',
  },
];

/** Real time lives here and nowhere else. */
const REAL_TIME_PLACES = ['adapters/clock', 'sim/kernel/driver', 'sim/kernel/settle', 'sim/cli'];

export const LINE_COUNT_MAX = 400;

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`) || path.replace(/\.\w+$/, '') === folder;
}

export function layerOf(path: string): Layer | null {
  const matching = LAYERS.filter(({ folder }) => isBelow(path, folder));
  matching.sort((left, right) => right.folder.length - left.folder.length);
  return matching[0] ?? null;
}

/** Comments may name what code may not use. Line ends stay, so that line numbers do. */
function withoutComments(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** `from` behind a quote is a text that happens to say so; a specifier holds no blank. */
const IMPORT = /(?<!['"`.\w])(?:from|import|require)\s*\(?\s*(['"])(?<specifier>[^'"\s]+)\1/g;

interface Import {
  readonly specifier: string;
  readonly line: number;
}

function importsOf(source: string): readonly Import[] {
  return [...withoutComments(source).matchAll(IMPORT)].map((match) => ({
    specifier: match.groups?.specifier ?? '',
    line: source.slice(0, match.index).split('\n').length,
  }));
}

/** The path that a relative specifier means, from the project's root. */
function resolve(path: string, specifier: string): string {
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}

function importProblem(path: string, layer: Layer, specifier: string): string | null {
  if (specifier.startsWith('.')) {
    const target = resolve(path, specifier);
    const allowed = [layer.folder, ...layer.mayImport];
    return allowed.some((folder) => isBelow(target, folder)) ? null : target;
  }
  if (/^(node|bun):/.test(specifier)) {
    const { node } = layer;
    if (node === undefined) return null;
    return node === 'none' || node.except.includes(specifier) ? specifier : null;
  }
  const packages = layer.packages ?? [];
  const isAllowed = packages.some(
    (name) => specifier === name || specifier.startsWith(name.endsWith('/') ? name : `${name}/`),
  );
  return isAllowed ? null : specifier;
}

/**
 * All breaches of the layers in one file, as `path:line: what`. `path` is relative to the
 * project's root, with `/`.
 */
export function layerProblems(path: string, source: string): readonly string[] {
  const layer = layerOf(path);
  if (layer === null) {
    return [`${path}:1: no layer covers this file: add its folder to test/support/layer-rules.ts`];
  }
  const problems: string[] = [];
  for (const { specifier, line } of importsOf(source)) {
    const found = importProblem(path, layer, specifier);
    if (found !== null) problems.push(`${path}:${line}: must not import ${found}: ${layer.why}`);
  }
  if (!REAL_TIME_PLACES.some((place) => isBelow(path, place))) {
    for (const [index, text] of withoutComments(source).split('\n').entries()) {
      for (const { pattern, name, instead } of BANS) {
        if (!pattern.test(text)) continue;
        problems.push(`${path}:${index + 1}: ${name} is banned here: use ${instead}`);
      }
    }
  }
  const lineCount = source.replace(/\n$/, '').split('\n').length;
  if (lineCount > LINE_COUNT_MAX) {
    problems.push(`${path}:${lineCount}: over ${LINE_COUNT_MAX} lines: split it by concept`);
  }
  return problems;
}
