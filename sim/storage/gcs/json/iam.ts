import { createHash } from 'node:crypto';
import {
  hasConditions,
  type PolicyBinding,
  type PolicyRecord,
  PolicyRefusal,
  readBindings,
} from '../access/policy.ts';
import { PERMISSIONS } from '../access/roles.ts';
import { type GcsCall, type GcsReply, may, permit, requireBucket } from '../call.ts';
import { GcsError } from '../errors.ts';
import type { BucketRecord } from '../shelf.ts';
import { receiveResource } from './body.ts';

/** The policy of a bucket, in the version that the caller understands. */
export function getIamPolicy(call: GcsCall): GcsReply {
  const bucket = requireBucket(call);
  permit(call, 'storage.buckets.getIamPolicy', { bucket });
  const requested = call.query.get('optionsRequestedPolicyVersion') ?? '1';
  if (!['1', '3'].includes(requested)) {
    throw new GcsError('invalid', 'The policy version must be 1 or 3.');
  }
  return { status: 200, json: policyResource(bucket, requested === '3' ? 3 : 1) };
}

/** Replaces the policy; with an etag only the one that was read, and never losing conditions. */
export async function setIamPolicy(call: GcsCall): Promise<GcsReply> {
  const resource = await receiveResource(call);
  const before = requireBucket(call);
  permit(call, 'storage.buckets.setIamPolicy', { bucket: before });
  const { etag, version, bindings, kind: _kind, resourceId: _id, ...rest } = resource;
  const stranger = Object.keys(rest)[0];
  if (stranger !== undefined) {
    throw new GcsError('invalid', `Invalid JSON payload received. Unknown name "${stranger}".`);
  }
  if (etag !== undefined && etag !== etagOf(before.policy)) {
    throw new GcsError('conditionNotMet');
  }
  const policy = readPolicy(version, bindings, before);
  const bucket: BucketRecord = {
    ...before,
    policy,
    metageneration: before.metageneration + 1,
    updatedAt: call.at,
    policyBefore: before.policy,
    policyEffectiveFrom: call.at + call.propagationMs,
  };
  call.world.shelf.commit({ type: 'bucket.set', bucket });
  return { status: 200, json: policyResource(bucket, policy.version) };
}

function readPolicy(version: unknown, bindings: unknown, before: BucketRecord): PolicyRecord {
  if (![undefined, 0, 1, 3].includes(version as number | undefined)) {
    throw new GcsError('invalid', 'The policy version must be 0, 1 or 3.');
  }
  let read: PolicyBinding[];
  try {
    read = readBindings(bindings);
  } catch (error) {
    if (error instanceof PolicyRefusal) throw new GcsError('invalid', error.message);
    throw error;
  }
  const isConditional = hasConditions(read);
  if (version !== 3 && (isConditional || before.policy.version === 3)) {
    throw new GcsError(
      'invalid',
      `Specified policy version (${String(version ?? 0)}) cannot be less than the existing ` +
        'policy version (3). For more information, please refer to ' +
        'https://cloud.google.com/iam/docs/policies#versions',
    );
  }
  if (isConditional && !before.hasUniformAccess) {
    throw new GcsError(
      'conditionNotMet',
      'To use IAM conditions, enable uniform bucket-level access on the bucket.',
    );
  }
  return {
    version: isConditional ? 3 : 1,
    revision: before.policy.revision + 1,
    bindings: read,
  };
}

/** Which of the permissions asked for the caller has. */
export function testIamPermissions(call: GcsCall): GcsReply {
  const bucket = requireBucket(call);
  const asked = call.request.query.flatMap(([name, value]) =>
    name === 'permissions' ? [value] : [],
  );
  const known = asked.map((name) => PERMISSIONS.find((permission) => permission === name));
  if (known.length === 0 || known.includes(undefined)) {
    throw new GcsError('invalid', 'permissions must name permissions of Cloud Storage.');
  }
  const permissions = known.filter(
    (permission) => permission !== undefined && may(call, permission, { bucket }),
  );
  return {
    status: 200,
    json: {
      kind: 'storage#testIamPermissionsResponse',
      ...(permissions.length === 0 ? {} : { permissions }),
    },
  };
}

function policyResource(bucket: BucketRecord, version: 1 | 3): Record<string, unknown> {
  const { policy } = bucket;
  return {
    kind: 'storage#policy',
    resourceId: `projects/_/buckets/${bucket.name}`,
    version: Math.min(version, policy.version),
    etag: etagOf(policy),
    bindings: version === 3 ? policy.bindings : policy.bindings.map(withoutCondition),
  };
}

/** Version 1 has no conditions: the role gets a name that nobody can mistake for the role. */
function withoutCondition(binding: PolicyBinding): PolicyBinding {
  const { condition, ...rest } = binding;
  if (condition === undefined) return rest;
  const hash = createHash('sha256').update(JSON.stringify(condition)).digest('hex').slice(0, 20);
  return { ...rest, role: `${rest.role}_withcond_${hash}` };
}

function etagOf(policy: PolicyRecord): string {
  return Buffer.from(`policy ${policy.revision}`).toString('base64');
}
