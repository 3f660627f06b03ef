import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Clock } from '../../machines/ports/clock.ts';
import {
  requireCredential,
  type S3Keys,
  type StorageCredential,
  type StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import { md5Of } from './checksums.ts';
import type { S3Dialect } from './dialects.ts';

const CONNECTION_TIMEOUT_MS = 10_000;
const IDLE_SOCKET_TIMEOUT_MS = 60_000;

const SILENT_LOGGER = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** The default endpoint of a service in a region; never taken from the environment (I39). */
export function awsEndpoint(service: 's3' | 'sts', region: string): string {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `https://${service}.${region}.${domain}`;
}

/** One keep-alive pool. The timeouts are real time: they watch a real network. */
export function createHttpHandler(socketsMax: number): NodeHttpHandler {
  const agent = { keepAlive: true, maxSockets: socketsMax };
  return new NodeHttpHandler({
    httpAgent: agent,
    httpsAgent: agent,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    socketTimeout: IDLE_SOCKET_TIMEOUT_MS,
    logger: SILENT_LOGGER,
  });
}

/**
 * What both SDK clients get. Everything that the SDK would else look up in the environment or in
 * `~/.aws` is given here. One attempt a call, because retry is our own decorator. The credentials
 * are a function that is marked `memoized`, so that the SDK calls it for each signature and keeps
 * nothing; they carry no `expiration`, so that it never tries to refresh them by the wall clock.
 */
export function clientOptions(credential: S3Keys, region: string) {
  const credentials = async () => ({
    accessKeyId: credential.keyId,
    secretAccessKey: credential.secretKey.use((text) => text),
    ...(credential.sessionToken === null
      ? {}
      : { sessionToken: credential.sessionToken.use((text) => text) }),
  });
  return {
    region,
    credentials: Object.assign(credentials, { memoized: true }),
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'standard',
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: async () => undefined,
    authSchemePreference: async () => ['sigv4'],
    logger: SILENT_LOGGER,
  } as const;
}

interface SigningConfig<Scheme, Request, Options> {
  signer: (scheme?: Scheme) => Promise<{
    sign(request: Request, options?: Options): Promise<Request>;
  }>;
}

/**
 * Makes a client sign at the injected clock. The SDK signs at `Date.now()` plus an offset that each
 * answer's Date header overwrites (runtime-facts, "Client clocks"); handing every signature its
 * date leaves both out of it.
 */
export function signByClock<Scheme, Request, Options extends object>(
  config: SigningConfig<Scheme, Request, Options>,
  clock: Clock,
): void {
  const createSigner = config.signer;
  // The SDK makes a signer for every request by copying its whole configuration. A signer holds
  // no secret (it asks for the credentials at each signature), so one a scheme is enough.
  const signers = new Map<string, ReturnType<typeof createSigner>>();
  config.signer = async (scheme) => {
    const id = JSON.stringify(scheme ?? null);
    const signer = await getOrCreate(signers, id, () => createSigner(scheme));
    const sign = (request: Request, options?: Options): Promise<Request> =>
      signer.sign(request, {
        ...options,
        signingDate: new Date(clock.now()),
      } as unknown as Options);
    return { sign };
  };
}

function getOrCreate<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const value = create();
  map.set(key, value);
  return value;
}

/**
 * Whether a body's SHA-256 goes into the signature. It costs half of the throughput
 * (performance-anchors), so it is left out where nobody can change bytes on the way: inside TLS and
 * on the loopback interface. Bodies carry a checksum header, itself signed, in either case.
 */
export function isPayloadSigned(endpoint: string): boolean {
  const url = new URL(endpoint);
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return url.protocol !== 'https:' && !isLoopback;
}

export interface S3ClientOptions {
  readonly location: StorageLocation;
  readonly credential: StorageCredential;
  readonly clock: Clock;
  readonly dialect: S3Dialect;
  readonly socketsMax: number;
}

const BODY_COMMANDS = new Set(['PutObjectCommand', 'UploadPartCommand']);

interface SentRequest {
  headers: Record<string, string>;
  body?: unknown;
}

export function createS3Client(options: S3ClientOptions): S3Client {
  const { location, dialect } = options;
  const endpoint = location.endpoint ?? awsEndpoint('s3', location.region);
  const client = new S3Client({
    ...clientOptions(requireCredential('s3-keys', options.credential), location.region),
    endpoint,
    forcePathStyle: dialect.isPathStyle,
    requestHandler: createHttpHandler(options.socketsMax),
    // Bodies carry our own checksum; the SDK would hash them a second time.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    disableS3ExpressSessionAuth: true,
    useArnRegion: false,
    disableMultiregionAccessPoints: true,
  });
  signByClock(client.config, options.clock);
  const isUnsigned = !isPayloadSigned(endpoint);
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const { headers, body } = args.request as SentRequest;
      const command = context.commandName ?? '';
      if (isUnsigned && BODY_COMMANDS.has(command)) {
        headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      }
      // Asks for the stored checksum; `download.ts` compares it while the bytes pass.
      if (command === 'GetObjectCommand') headers['x-amz-checksum-mode'] = 'ENABLED';
      if (command === 'DeleteObjectsCommand' && dialect.integrity === 'content-md5') {
        headers['content-md5'] = md5Of(Buffer.from(body as string | Uint8Array), 'base64');
      }
      return next(args);
    },
    { step: 'build', name: 'fortnightHeaders', priority: 'low' },
  );
  return client;
}
