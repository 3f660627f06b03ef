import { describeIssuerContract } from '../../contract/issuer.contract.ts';
import { describeScopeProbes } from '../../contract/scope-probes.contract.ts';
import { awsWorld } from './aws-world.ts';

for (const kind of ['iam-user', 'federation-token', 'assume-role'] as const) {
  describeIssuerContract(`AWS ${kind}`, () => awsWorld(kind));
  describeScopeProbes(`AWS ${kind}`, () => awsWorld(kind));
}
