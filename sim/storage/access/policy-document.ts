import { type Condition, compileCondition, POLICY_VARIABLES } from './conditions.ts';
import { type Pattern, parsePattern } from './patterns.ts';

/** A policy as clients write it (IAM JSON, version 2012-10-17, no principals). */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Id?: string;
  readonly Statement: PolicyStatement | readonly PolicyStatement[];
}

export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<
    Record<string, Readonly<Record<string, string | readonly string[]>>>
  >;
}

export interface CompiledStatement {
  /** The Sid, or `statement N` counted from 1. */
  readonly name: string;
  readonly effect: 'Allow' | 'Deny';
  /** Patterns of lower-case action names. */
  readonly actions: { readonly patterns: readonly Pattern[]; readonly negated: boolean };
  readonly resources: { readonly patterns: readonly Pattern[]; readonly negated: boolean };
  readonly conditions: readonly Condition[];
}

export interface CompiledPolicy {
  readonly statements: readonly CompiledStatement[];
}

/** A policy that this evaluator does not fully understand. The message says which place. */
export class PolicyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PolicyError';
  }
}

/** The policy of an identity that may do everything. */
export const FULL_ACCESS: PolicyDocument = {
  Version: '2012-10-17',
  Statement: { Sid: 'FullAccess', Effect: 'Allow', Action: '*', Resource: '*' },
};

/**
 * Compiles a policy document. Whatever is not fully understood (an unknown member, operator,
 * condition key or variable) throws PolicyError: such a document must neither allow nor deny.
 */
export function compilePolicy(document: unknown): CompiledPolicy {
  const root = members(document, 'the policy', ['Version', 'Id', 'Statement']);
  if (root.Version !== '2012-10-17') throw new PolicyError('Version must be 2012-10-17');
  if (root.Id !== undefined) text(root.Id, 'Id');
  const list = Array.isArray(root.Statement) ? root.Statement : [root.Statement];
  if (list.length === 0) throw new PolicyError('Statement must not be empty');
  const statements = list.map((statement, index) => compileStatement(statement, index + 1));
  const named = list.map((statement: { Sid?: unknown }) => statement.Sid).filter(Boolean);
  if (new Set(named).size !== named.length) throw new PolicyError('a Sid is used twice');
  return { statements };
}

/** Compiles the JSON text of a policy; throws PolicyError as `compilePolicy` does. */
export function compilePolicyText(json: string): CompiledPolicy {
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch {
    throw new PolicyError('the policy is not JSON');
  }
  return compilePolicy(document);
}

const STATEMENT_MEMBERS = [
  'Sid',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
];

function compileStatement(value: unknown, number: number): CompiledStatement {
  const place = `statement ${number}`;
  const statement = members(value, place, STATEMENT_MEMBERS);
  const effect = statement.Effect;
  if (effect !== 'Allow' && effect !== 'Deny') {
    throw new PolicyError(`${place}: Effect must be Allow or Deny`);
  }
  const sid = statement.Sid;
  if (sid !== undefined && !/^[A-Za-z0-9]*$/.test(text(sid, `${place}: Sid`))) {
    throw new PolicyError(`${place}: a Sid may only have letters and digits`);
  }
  return {
    name: typeof sid === 'string' && sid !== '' ? sid : place,
    effect,
    actions: eitherOf(statement, 'Action', 'NotAction', place, compileAction),
    resources: eitherOf(statement, 'Resource', 'NotResource', place, compileResource),
    conditions: compileConditions(statement.Condition, place),
  };
}

function eitherOf(
  statement: Readonly<Record<string, unknown>>,
  plain: string,
  negated: string,
  place: string,
  compile: (text: string, place: string) => Pattern,
): { patterns: Pattern[]; negated: boolean } {
  const isPlain = statement[plain] !== undefined;
  if (isPlain === (statement[negated] !== undefined)) {
    throw new PolicyError(`${place}: needs either ${plain} or ${negated}`);
  }
  const name = isPlain ? plain : negated;
  const texts = textList(statement[name], `${place}: ${name}`);
  return { patterns: texts.map((item) => compile(item, `${place}: ${name}`)), negated: !isPlain };
}

const NO_VARIABLES: ReadonlySet<string> = new Set();

function compileAction(action: string, place: string): Pattern {
  if (action !== '*' && !/^[a-z0-9-]+:[A-Za-z0-9*?]+$/.test(action)) {
    throw new PolicyError(`${place}: "${action}" is no action`);
  }
  return parsePattern(action.toLowerCase(), NO_VARIABLES)!;
}

function compileResource(resource: string, place: string): Pattern {
  if (resource !== '*' && !/^arn:aws:(s3:::.|(iam|sts)::[0-9*]*:.)/su.test(resource)) {
    throw new PolicyError(`${place}: "${resource}" is no resource of this storage`);
  }
  const pattern = parsePattern(resource, POLICY_VARIABLES);
  if (pattern === undefined) {
    throw new PolicyError(`${place}: "${resource}" has an unknown variable`);
  }
  return pattern;
}

function compileConditions(value: unknown, place: string): Condition[] {
  if (value === undefined) return [];
  const conditions: Condition[] = [];
  for (const [operator, keys] of Object.entries(members(value, `${place}: Condition`))) {
    for (const [key, values] of Object.entries(members(keys, `${place}: ${operator}`))) {
      const texts = textList(values, `${place}: ${operator} ${key}`);
      const condition = compileCondition(operator, key, texts);
      if ('refused' in condition) throw new PolicyError(`${place}: ${condition.refused}`);
      conditions.push(condition);
    }
  }
  return conditions;
}

/** The members of an object, of which only the known ones are allowed. */
function members(
  value: unknown,
  place: string,
  known?: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PolicyError(`${place} must be an object`);
  }
  const stranger = known && Object.keys(value).find((name) => !known.includes(name));
  if (stranger !== undefined) throw new PolicyError(`${place}: ${stranger} is not supported`);
  return value as Record<string, unknown>;
}

function text(value: unknown, place: string): string {
  if (typeof value !== 'string') throw new PolicyError(`${place} must be a text`);
  return value;
}

function textList(value: unknown, place: string): string[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw new PolicyError(`${place} must not be empty`);
  return list.map((item) => text(item, place));
}
