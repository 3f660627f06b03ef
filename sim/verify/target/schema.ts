import { z } from 'zod';
import { ISSUER_KINDS } from '../../../machines/rules/issuers.ts';
import { STORAGE_KINDS } from '../../../machines/rules/settings.ts';
import { positiveDuration, safeName } from '../../scenario/scalars.ts';

/** Names as shells know them; anything else could be the secret itself. */
const variable = z.string().regex(/^[A-Z_][A-Z0-9_]{0,63}$/, {
  message:
    'this is no name of an environment variable: write the name (capital letters, digits, "_"), never the secret',
});

const profile = z.string().regex(/^[\w.@-]{1,64}$/, {
  message: 'this is no name of a profile: letters, digits, ".", "-", "_" and "@"',
});

const url = z.string().superRefine((text, context) => {
  const problem = urlProblem(text);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
});

function urlProblem(text: string): string | null {
  const wanted = 'write it like https://storage.example.com';
  if (!URL.canParse(text)) return `this is no address: ${wanted}`;
  const { protocol, search, hash, username, password } = new URL(text);
  if (protocol !== 'https:' && protocol !== 'http:') return `not http or https: ${wanted}`;
  if (username !== '' || password !== '') return 'an address holds no user and no password here';
  return search === '' && hash === '' ? null : `an address without "?" and "#": ${wanted}`;
}

const common = {
  issuer: z.enum(ISSUER_KINDS).optional(),
  bucket: z.string().regex(/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/, {
    message: 'this is no name of a bucket or container: small letters, digits, ".", "-", "_"',
  }),
  longestSession: positiveDuration.optional(),
  repository: safeName('repository').optional(),
  wait: z.boolean().optional(),
  timeLimit: positiveDuration.optional(),
  allowPlainHttp: z.boolean().optional(),
};

/** Exactly one of the two; which names a kind needs is its own. */
function credentials<Names extends z.ZodRawShape>(names: Names) {
  return z.strictObject({ environment: z.strictObject(names) });
}

const awsCredentials = z.strictObject({
  environment: z
    .strictObject({
      accessKeyId: variable,
      secretAccessKey: variable,
      sessionToken: variable.optional(),
    })
    .optional(),
  profile: profile.optional(),
});

const roleArn = z.string().regex(/^arn:[\w-]*:iam::[\w-]*:role\/[\w+=,.@/-]{1,512}$/, {
  message: 'this is no ARN of a role: write it like arn:aws:iam::123456789012:role/fortnight',
});

const s3 = {
  ...common,
  region: z.string().min(1).max(64),
  roleArn: roleArn.optional(),
  stsEndpoint: url.optional(),
  iamEndpoint: url.optional(),
  credentials: awsCredentials,
};

const guid = z.string().regex(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, {
  message: 'this is no id of Entra ID: write it like 00000000-0000-4000-8000-000000000000',
});

/** What a target file of each kind may say. */
export const TARGET_SCHEMAS = {
  aws: z.strictObject({ kind: z.literal('aws'), endpoint: url.optional(), ...s3 }),
  's3-compatible': z.strictObject({
    kind: z.literal('s3-compatible'),
    ...s3,
    endpoint: url,
    region: s3.region.optional(),
  }),
  azure: z.strictObject({
    kind: z.literal('azure'),
    ...common,
    endpoint: url.optional(),
    account: z
      .string()
      .regex(/^[a-z0-9]{3,24}$/)
      .optional(),
    hierarchicalNamespace: z.boolean().optional(),
    storedAccessPolicy: z.boolean().optional(),
    directory: guid.optional(),
    clientId: guid.optional(),
    authority: url.optional(),
    credentials: credentials({
      accountKey: variable.optional(),
      clientSecret: variable.optional(),
    }),
  }),
  gcs: z.strictObject({
    kind: z.literal('gcs'),
    ...common,
    endpoint: url.optional(),
    tokenUrl: url.optional(),
    exchangeUrl: url.optional(),
    iamUrl: url.optional(),
    iamCredentialsUrl: url.optional(),
    credentials: credentials({
      serviceAccountKey: variable.optional(),
      serviceAccountKeyFile: variable.optional(),
    }),
  }),
} as const;

export const kindSchema = z.looseObject({ kind: z.enum(STORAGE_KINDS) });

export type TargetFile = {
  [Kind in keyof typeof TARGET_SCHEMAS]: z.output<(typeof TARGET_SCHEMAS)[Kind]>;
}[keyof typeof TARGET_SCHEMAS];

/** The keys that may stand at a path of a kind's file. */
export function keysAt(
  kind: keyof typeof TARGET_SCHEMAS,
  path: readonly PropertyKey[],
): readonly string[] {
  let schema: unknown = TARGET_SCHEMAS[kind];
  for (const segment of path) {
    const inner = inside(schema);
    schema = inner instanceof z.ZodObject ? inner.shape[String(segment)] : undefined;
  }
  const last = inside(schema);
  return last instanceof z.ZodObject ? Object.keys(last.shape) : [];
}

function inside(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? inside(schema.unwrap()) : schema;
}
