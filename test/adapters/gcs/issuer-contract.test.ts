import { describeIssuerContract } from '../../contract/issuer.contract.ts';
import { describeScopeProbes } from '../../contract/scope-probes.contract.ts';
import { hmacWorld, longTokenIssuer, tokenIssuer } from './issuers.ts';
import { gcsWorld } from './world.ts';

const tokenWorld = () => gcsWorld({ issuer: tokenIssuer });

describeIssuerContract('tokens of Google with an access boundary', tokenWorld);
describeIssuerContract('tokens of 12 h with an access boundary', () =>
  gcsWorld({ issuer: longTokenIssuer }),
);
// The XML API says `InvalidSecurity` of a key that is inactive, deleted or not known yet.
describeIssuerContract('HMAC keys of Google', hmacWorld, { revokedCode: 'credential.invalid' });
describeScopeProbes('tokens of Google with an access boundary', tokenWorld);
describeScopeProbes('HMAC keys of Google', hmacWorld);
