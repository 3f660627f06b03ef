import { CelError } from '../cel/expression.ts';
import { type CelCondition, parseCel } from '../cel/parse.ts';
import { rolePermissions } from './roles.ts';

export interface PolicyCondition {
  readonly title: string;
  readonly description?: string;
  readonly expression: string;
}

/** One role given to some members, perhaps on a condition. */
export interface PolicyBinding {
  readonly role: string;
  readonly members: readonly string[];
  readonly condition?: PolicyCondition;
}

export interface PolicyRecord {
  readonly version: 1 | 3;
  /** Rises with each change; the etag is made of it. */
  readonly revision: number;
  readonly bindings: readonly PolicyBinding[];
}

/** A policy that is not accepted; the message is for the caller. */
export class PolicyRefusal extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PolicyRefusal';
  }
}

const BINDINGS_MAX = 1500;
const LOGICAL_OPERATORS_MAX = 12;
const MEMBER =
  /^(allUsers|allAuthenticatedUsers|(user|serviceAccount|group|domain|projectOwner|projectEditor|projectViewer):[^\s:]+|deleted:[^\s]+)$/;

/** Reads the bindings of a policy. Throws PolicyRefusal for what is not fully understood. */
export function readBindings(value: unknown): PolicyBinding[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > BINDINGS_MAX) {
    throw new PolicyRefusal(`bindings is a list of at most ${BINDINGS_MAX}.`);
  }
  return value.map(readBinding);
}

function readBinding(value: unknown): PolicyBinding {
  const { role, members, condition, ...rest } = asRecord(value, 'A binding');
  if (Object.keys(rest).length > 0) {
    throw new PolicyRefusal(`Unknown name "${Object.keys(rest)[0]}" at 'policy.bindings'.`);
  }
  if (typeof role !== 'string' || rolePermissions(role) === undefined) {
    throw new PolicyRefusal(`Role ${String(role)} is not supported for this resource.`);
  }
  if (!Array.isArray(members) || members.length === 0) {
    throw new PolicyRefusal('A binding needs members.');
  }
  const texts = members.map((member: unknown) => {
    if (typeof member === 'string' && MEMBER.test(member)) return member;
    throw new PolicyRefusal(`Invalid argument: member ${String(member)} is malformed.`);
  });
  if (condition === undefined || condition === null) return { role, members: texts };
  return { role, members: texts, condition: readCondition(condition) };
}

function readCondition(value: unknown): PolicyCondition {
  const {
    title,
    description,
    expression,
    location: _place,
    ...rest
  } = asRecord(value, 'condition');
  if (typeof expression !== 'string' || Object.keys(rest).length > 0) {
    throw new PolicyRefusal('A condition has title, description and expression.');
  }
  if (typeof title !== 'string' || title.length < 1 || title.length > 100) {
    throw new PolicyRefusal('A condition needs a title of at most 100 characters.');
  }
  try {
    if (parseCel(expression).logicalOperators > LOGICAL_OPERATORS_MAX) {
      throw new PolicyRefusal(
        `A condition has at most ${LOGICAL_OPERATORS_MAX} logical operators.`,
      );
    }
  } catch (error) {
    if (error instanceof CelError) {
      throw new PolicyRefusal(`Condition expression compilation failed: ${error.message}`);
    }
    throw error;
  }
  return {
    title,
    expression,
    ...(typeof description === 'string' ? { description } : {}),
  };
}

function asRecord(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PolicyRefusal(`${what} is an object.`);
  }
  return value as Record<string, unknown>;
}

const compiled = new WeakMap<PolicyCondition, CelCondition>();

/** The parsed form of a condition that was accepted before. */
export function compiledCondition(condition: PolicyCondition): CelCondition {
  const known = compiled.get(condition) ?? parseCel(condition.expression);
  compiled.set(condition, known);
  return known;
}

export function hasConditions(bindings: readonly PolicyBinding[]): boolean {
  return bindings.some((binding) => binding.condition !== undefined);
}
