import { describeIssuerContract } from '../../contract/issuer.contract.ts';
import { describeObjectStoreContract } from '../../contract/object-store.contract.ts';
import { describeScopeProbes } from '../../contract/scope-probes.contract.ts';
import { memoryWorld } from '../../contract/worlds.ts';

describeObjectStoreContract('memory', memoryWorld);
describeIssuerContract('memory', memoryWorld);
describeScopeProbes('memory', memoryWorld);
