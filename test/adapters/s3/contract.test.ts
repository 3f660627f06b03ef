import { SERVER_DIALECTS } from '../../../adapters/s3-compatible/object-store.ts';
import { describeIssuerContract } from '../../contract/issuer.contract.ts';
import { describeObjectStoreContract } from '../../contract/object-store.contract.ts';
import { describeScopeProbes } from '../../contract/scope-probes.contract.ts';
import { httpWorld } from '../../contract/worlds.ts';

describeObjectStoreContract('S3 over HTTP', httpWorld);
describeObjectStoreContract('S3 over HTTP with Content-MD5 (Ceph)', () =>
  httpWorld(SERVER_DIALECTS.ceph),
);
describeIssuerContract('STS over HTTP', httpWorld);
describeScopeProbes('S3 and STS over HTTP', httpWorld);
