import { afterEach, describe, expect, test, vi } from 'vitest';
import type * as Evaluate from '../../../sim/storage/access/evaluate.ts';
import type * as AzurePermissions from '../../../sim/storage/azure/permissions.ts';
import type * as AzureSas from '../../../sim/storage/azure/sas.ts';
import type * as Boundary from '../../../sim/storage/gcs/cel/evaluate.ts';
import type * as SigV4 from '../../../sim/storage/sigv4/authenticate.ts';
import type { VerifyReport } from '../../../sim/verify/run.ts';
import { azureWorld, gcsWorld, s3World, type VerifyWorld, verifyWorld } from './worlds.ts';

/**
 * Storages that are broken on purpose. The product's simulation has no such switch: its modules are
 * wrapped here, and only while these tests run.
 */
type Fault =
  | 'policies ignored'
  | 'twin prefix'
  | 'dots match all'
  | 'case ignored'
  | 'list conditions ignored'
  | 'dates ignored'
  | 'expiry ignored'
  | 'skew ignored';

const broken = vi.hoisted(() => ({ fault: null as Fault | null }));

vi.mock('../../../sim/storage/access/evaluate.ts', async (load) => {
  const real = await load<typeof Evaluate>();
  const evaluate: typeof real.evaluate = (layers, question) => {
    if (broken.fault === 'policies ignored') {
      return { ...real.evaluate(layers.slice(0, 1), question), allowed: true };
    }
    let { resource, context } = question;
    if (broken.fault === 'twin prefix') resource = resource.replace(/\/T\.1[^/]*/, '/T.1/x');
    if (broken.fault === 'dots match all') resource = resource.replace('/Tx1/', '/T.1/');
    if (broken.fault === 'case ignored') resource = resource.replace('/t.1/', '/T.1/');
    if (broken.fault === 'list conditions ignored' && context.has('s3:prefix')) {
      context = new Map([...context, ['s3:prefix', 'Veeam/Backup/verify-test/Clients/T.1/']]);
    }
    // Long ago for every "less than", and far ahead for none: an end never comes.
    if (broken.fault === 'dates ignored') context = new Map([...context, ['aws:currenttime', 1]]);
    return real.evaluate(layers, { ...question, resource, context });
  };
  return { ...real, evaluate };
});

vi.mock('../../../sim/storage/sigv4/authenticate.ts', async (load) => {
  const real = await load<typeof SigV4>();
  const authenticate: typeof real.authenticate = (request, payloadHash, settings) => {
    const skewMaxMs = broken.fault === 'skew ignored' ? 1e12 : settings.skewMaxMs;
    const now = broken.fault === 'expiry ignored' ? 0 : settings.now;
    const wide = broken.fault === 'expiry ignored' ? 1e15 : skewMaxMs;
    return real.authenticate(request, payloadHash, { ...settings, now, skewMaxMs: wide });
  };
  return { ...real, authenticate };
});

vi.mock('../../../sim/storage/azure/permissions.ts', async (load) => {
  const real = await load<typeof AzurePermissions>();
  const decideAzure: typeof real.decideAzure = (caller, operation, resource) =>
    broken.fault === 'policies ignored'
      ? { allowed: true, action: operation, resource, layers: [] }
      : real.decideAzure(caller, operation, resource);
  return { ...real, decideAzure };
});

vi.mock('../../../sim/storage/azure/sas.ts', async (load) => {
  const real = await load<typeof AzureSas>();
  const sasInstant: typeof real.sasInstant = (name, text) => {
    if (broken.fault === 'expiry ignored' && name === 'se') return 1e15;
    return broken.fault === 'dates ignored' && name === 'st' ? 0 : real.sasInstant(name, text);
  };
  return { ...real, sasInstant };
});

vi.mock('../../../sim/storage/gcs/cel/evaluate.ts', async (load) => {
  const real = await load<typeof Boundary>();
  const evaluateCel: typeof real.evaluateCel = (expression, context) => {
    if (broken.fault === 'policies ignored') return true;
    const requestAt = broken.fault === 'expiry ignored' ? 0 : context.requestAt;
    const twin = (text: string) => text.replace(/\/T\.1[^/]*/, '/T.1/x');
    const resourceName =
      broken.fault === 'twin prefix' ? twin(context.resourceName) : context.resourceName;
    return real.evaluateCel(expression, { ...context, requestAt, resourceName });
  };
  return { ...real, evaluateCel };
});

/** A thousand requests each: slow where many tests share a core. */
vi.setConfig({ testTimeout: 180_000 });

afterEach(() => {
  broken.fault = null;
});

const sts = () => s3World({ issuer: 'assume-role' });
const users = () => s3World({ issuer: 'iam-user' });

interface Row {
  readonly name: string;
  readonly create: () => Promise<VerifyWorld>;
  readonly fault: Fault;
  /** Points that must fail, and no others. */
  readonly fails: readonly string[];
  readonly lines?: readonly string[];
}

const OUTSIDE = [
  'C9-twin-prefix',
  'C9-wildcards',
  'C9-quotes',
  'C9-dots',
  'C9-spelling',
  'C9-parent',
  'C9-siblings',
  'C9-subtenants',
  'C9-outside',
];
const EVERYWHERE = [
  ...OUTSIDE,
  'C9-config-write',
  'C9-list-outside',
  'C9-missing-foreign',
  'C9-upload-listing',
  'C9-copy',
  'C9-subtenant',
];

const ROWS: readonly Row[] = [
  {
    name: 'S3: session policies are ignored',
    create: sts,
    fault: 'policies ignored',
    fails: [...EVERYWHERE, 'C10-ended', 'C10-not-yet-valid'],
  },
  {
    name: 'S3: prefixes are compared without their slash',
    create: sts,
    fault: 'twin prefix',
    fails: [
      'C9-twin-prefix',
      'C9-quotes',
      'C9-dots',
      'C9-spelling',
      'C9-subtenants',
      'C9-copy',
      'C9-subtenant',
    ],
  },
  {
    name: 'S3: a dot stands for any sign',
    create: sts,
    fault: 'dots match all',
    fails: ['C9-wildcards'],
  },
  {
    name: 'S3: keys are compared without regard to case',
    create: sts,
    fault: 'case ignored',
    fails: ['C9-spelling'],
  },
  {
    name: 'S3: s3:prefix is ignored',
    create: sts,
    fault: 'list conditions ignored',
    fails: ['C9-list-outside', 'C9-missing-foreign'],
  },
  {
    name: 'S3: aws:CurrentTime is ignored',
    create: users,
    fault: 'dates ignored',
    fails: ['C10-ended', 'C10-expiry'],
  },
  {
    name: 'S3: sessions never end, and it is waited for',
    create: sts,
    fault: 'expiry ignored',
    fails: ['C10-expiry', 'E-skew'],
    lines: ['wait: true'],
  },
  { name: 'S3: any date is taken', create: sts, fault: 'skew ignored', fails: ['E-skew'] },
  {
    name: 'Azure: the end of a SAS is ignored',
    create: () => azureWorld({ hasDirectories: true }),
    fault: 'expiry ignored',
    fails: ['C10-ended', 'C10-expiry'],
  },
  {
    name: 'Azure: the start of a SAS is ignored',
    create: () => azureWorld({ hasDirectories: true }),
    fault: 'dates ignored',
    fails: ['C10-not-yet-valid'],
  },
  {
    name: 'Azure: the letters of a SAS are ignored',
    create: () => azureWorld({ hasDirectories: false }),
    fault: 'policies ignored',
    fails: ['C9-config-write'],
  },
  {
    name: 'Google: access boundaries are ignored',
    create: () => gcsWorld('downscoped-token'),
    fault: 'policies ignored',
    fails: EVERYWHERE,
  },
  {
    name: 'Google: the time in conditions is ignored',
    create: () => gcsWorld('hmac-key'),
    fault: 'expiry ignored',
    fails: ['C10-ended', 'C10-expiry'],
  },
];

function failed(report: VerifyReport): readonly string[] {
  return report.points.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id);
}

describe('a storage that is broken on purpose is caught by its points', () => {
  test.each(ROWS)('$name', async ({ create, fails, fault, lines }) => {
    const world = await create();
    try {
      broken.fault = fault;
      const report = await verifyWorld(world, { lines: lines ?? [] });
      const missed = fails.filter((id) => !failed(report).includes(id));
      const surprising = failed(report).filter((id) => !fails.includes(id));
      expect({ missed, surprising }).toEqual({ missed: [], surprising: [] });
      expect(report.end).toBe('failed');
      for (const point of report.points) {
        expect(point.remedy === '', point.id).toBe(
          point.verdict === 'pass' || point.verdict === 'not-applicable',
        );
      }
    } finally {
      broken.fault = null;
      await world.close();
    }
  });
});
