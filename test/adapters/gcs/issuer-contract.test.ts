import { describeIssuerContract } from '../../contract/issuer.contract.ts';
import { describeScopeProbes } from '../../contract/scope-probes.contract.ts';
import { hmacWorld, longTokenIssuer, tokenIssuer } from './issuers.ts';
import { gcsWorld } from './world.ts';

const tokenWorld = () => gcsWorld({ issuer: tokenIssuer });

describeIssuerContract('tokens of Google with an access boundary', tokenWorld);
describeIssuerContract('tokens of 12 h with an access boundary', () =>
  gcsWorld({ issuer: longTokenIssuer }),
);
describeIssuerContract('HMAC keys of Google', hmacWorld);
describeScopeProbes('tokens of Google with an access boundary', tokenWorld);
describeScopeProbes('HMAC keys of Google', hmacWorld);
