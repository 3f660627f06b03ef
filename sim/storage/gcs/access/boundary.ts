import { CelError } from '../cel/expression.ts';
import { type CelCondition, parseCel } from '../cel/parse.ts';
import { type Permission, rolePermissions } from './roles.ts';

const RULES_MAX = 10;
const RESOURCE =
  /^\/\/storage\.googleapis\.com\/projects\/_\/buckets\/([a-z0-9][a-z0-9._-]{1,220})$/;

export interface BoundaryRule {
  readonly bucket: string;
  readonly permissions: ReadonlySet<Permission>;
  readonly condition: CelCondition | undefined;
}

/** A Credential Access Boundary as it was sent, after it was read once and found good. */
export type BoundaryDocument = {
  readonly accessBoundary: { readonly accessBoundaryRules: readonly unknown[] };
};

/** A boundary that is not fully understood; the message is for the caller. */
export class BoundaryRefusal extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BoundaryRefusal';
  }
}

/** Reads the rules of a boundary; throws BoundaryRefusal: what is unknown never allows. */
export function readBoundary(value: unknown): readonly BoundaryRule[] {
  const { accessBoundary } = exactly(value, 'options', ['accessBoundary'], []);
  const inner = exactly(accessBoundary, 'accessBoundary', ['accessBoundaryRules'], []);
  const rules = inner.accessBoundaryRules;
  if (!Array.isArray(rules) || rules.length < 1 || rules.length > RULES_MAX) {
    throw new BoundaryRefusal(`accessBoundaryRules must hold 1 to ${RULES_MAX} rules.`);
  }
  return rules.map(readRule);
}

function readRule(value: unknown): BoundaryRule {
  const required = ['availableResource', 'availablePermissions'];
  const rule = exactly(value, 'accessBoundaryRules', required, ['availabilityCondition']);
  const { availableResource, availablePermissions, availabilityCondition } = rule;
  const bucket =
    typeof availableResource === 'string' ? RESOURCE.exec(availableResource)?.[1] : undefined;
  if (bucket === undefined) {
    throw new BoundaryRefusal(
      'availableResource must be //storage.googleapis.com/projects/_/buckets/BUCKET.',
    );
  }
  if (!Array.isArray(availablePermissions) || availablePermissions.length === 0) {
    throw new BoundaryRefusal('availablePermissions must not be empty.');
  }
  const permissions = new Set<Permission>();
  for (const entry of availablePermissions) {
    const role = typeof entry === 'string' && entry.startsWith('inRole:') ? entry.slice(7) : '';
    const granted = rolePermissions(role);
    if (granted === undefined) {
      throw new BoundaryRefusal('availablePermissions must be inRole: and a Cloud Storage role.');
    }
    for (const permission of granted) permissions.add(permission);
  }
  const condition =
    availabilityCondition === undefined ? undefined : readCondition(availabilityCondition);
  return { bucket, permissions, condition };
}

function readCondition(value: unknown): CelCondition {
  const optional = ['title', 'description', 'location'];
  const { expression } = exactly(value, 'availabilityCondition', ['expression'], optional);
  if (typeof expression !== 'string') throw new BoundaryRefusal('expression must be a text.');
  try {
    return parseCel(expression);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    throw new BoundaryRefusal(`availabilityCondition is invalid: ${error.message}`);
  }
}

function exactly(
  value: unknown,
  what: string,
  required: readonly string[],
  optional: readonly string[],
): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BoundaryRefusal(`${what} must be an object.`);
  }
  const missing = required.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) throw new BoundaryRefusal(`${what} needs ${missing}.`);
  const known = [...required, ...optional];
  const stranger = Object.keys(value).find((name) => !known.includes(name));
  if (stranger !== undefined) throw new BoundaryRefusal(`${what} has an unknown member.`);
  return value as Record<string, unknown>;
}
