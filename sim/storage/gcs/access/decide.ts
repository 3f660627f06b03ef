import type { DecisionLog } from '../../access/decision-log.ts';
import type { Decision, LayerDecision } from '../../access/evaluate.ts';
import { type CelContext, evaluateCel } from '../cel/evaluate.ts';
import type { BucketRecord, GcsShelf } from '../shelf.ts';
import type { Caller } from './caller.ts';
import { compiledCondition, type PolicyBinding } from './policy.ts';
import { type Permission, rolePermissions } from './roles.ts';
import { scopesCover } from './scopes.ts';

/** One permission on a project, a bucket or an object in it. */
export interface Question {
  readonly permission: Permission;
  readonly projectId: string;
  /** Absent for what is done to a project. */
  readonly bucket?: BucketRecord;
  readonly object?: string;
  /** The prefix that a listing asks for. */
  readonly listPrefix?: string;
}

export interface AccessWorld {
  readonly shelf: GcsShelf;
  readonly projects: ReadonlyMap<string, readonly PolicyBinding[]>;
  readonly decisions: DecisionLog;
}

/**
 * The rights of the account, cut by the scopes of its token and by its access boundary: a request
 * is allowed when each of them allows it. The answer is recorded.
 */
export function decideAccess(
  world: AccessWorld,
  caller: Caller,
  question: Question,
  request: { readonly at: number; readonly requestId: string },
): Decision {
  const context = contextOf(question, request.at);
  const layers: LayerDecision[] = [iamLayer(world, caller, question, context)];
  if (caller.scopes !== undefined) {
    const covered = scopesCover(caller.scopes, question.permission);
    layers.push({ source: 'token scope', outcome: covered ? 'allowed' : 'not allowed' });
  }
  if (caller.boundary !== undefined) layers.push(boundaryLayer(caller, question, context));
  const decision: Decision = {
    allowed: layers.every((layer) => layer.outcome === 'allowed'),
    action: question.permission,
    resource: context.resourceName,
    layers,
  };
  const principalArn = caller.email === '' ? 'allUsers' : `serviceAccount:${caller.email}`;
  world.decisions.add({ ...decision, ...request, principalArn });
  return decision;
}

function contextOf(question: Question, requestAt: number): CelContext {
  const { bucket, object, listPrefix } = question;
  if (bucket === undefined) {
    return {
      resourceName: `projects/${question.projectId}`,
      resourceType: 'cloudresourcemanager.googleapis.com/Project',
      requestAt,
      listPrefix: undefined,
    };
  }
  const base = `projects/_/buckets/${bucket.name}`;
  return {
    resourceName: object === undefined ? base : `${base}/objects/${object}`,
    resourceType: `storage.googleapis.com/${object === undefined ? 'Bucket' : 'Object'}`,
    requestAt,
    listPrefix,
  };
}

function iamLayer(
  world: AccessWorld,
  caller: Caller,
  { bucket, permission, projectId }: Question,
  context: CelContext,
): LayerDecision {
  const source = 'IAM policy';
  const ofProject = world.projects.get(bucket?.projectId ?? projectId) ?? [];
  const ofBucket = bucket === undefined ? [] : effectiveBindings(bucket, context.requestAt);
  let near: string | undefined;
  for (const binding of [...ofProject, ...ofBucket]) {
    if (!rolePermissions(binding.role)?.has(permission)) continue;
    if (!binding.members.some((member) => isMember(caller, member))) continue;
    const { condition } = binding;
    if (condition === undefined) return { source, outcome: 'allowed', statement: binding.role };
    const { expression, usesApiAttributes } = compiledCondition(condition);
    const statement = `${binding.role} if ${condition.title}`;
    // API attributes are documented to fail in bindings; failing here is never granting.
    const isTrue = !usesApiAttributes && evaluateCel(expression, context);
    if (isTrue) return { source, outcome: 'allowed', statement };
    near = `${statement}: ${usesApiAttributes ? 'API attributes fail in bindings' : 'not true'}`;
  }
  return { source, outcome: 'not allowed', ...(near === undefined ? {} : { statement: near }) };
}

function effectiveBindings(bucket: BucketRecord, at: number): readonly PolicyBinding[] {
  const { policy, policyBefore, policyEffectiveFrom } = bucket;
  const isOld = policyEffectiveFrom !== undefined && at < policyEffectiveFrom;
  return (isOld ? policyBefore : policy)?.bindings ?? [];
}

function isMember(caller: Caller, member: string): boolean {
  if (member === 'allUsers') return true;
  if (caller.email === '') return false;
  return member === 'allAuthenticatedUsers' || member === `serviceAccount:${caller.email}`;
}

function boundaryLayer(
  { boundary }: Caller,
  { bucket, permission }: Question,
  context: CelContext,
): LayerDecision {
  const source = 'access boundary';
  const refused = (statement: string): LayerDecision => ({
    source,
    outcome: 'not allowed',
    statement,
  });
  if (bucket === undefined) return refused('a boundary covers buckets alone');
  if (!bucket.hasUniformAccess) return refused('uniform bucket-level access is off');
  const rules = boundary ?? [];
  const found = rules.findIndex(
    (rule) =>
      rule.bucket === bucket.name &&
      rule.permissions.has(permission) &&
      (rule.condition === undefined || evaluateCel(rule.condition.expression, context)),
  );
  if (found < 0) return refused('no rule covers it');
  return { source, outcome: 'allowed', statement: `rule ${found + 1}` };
}
