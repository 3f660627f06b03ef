import { type RequestContext, textOf } from './conditions.ts';
import { bindPattern, matchesPattern, type Pattern } from './patterns.ts';
import type { CompiledPolicy, CompiledStatement } from './policy-document.ts';

/** Where a policy comes from. A request must be allowed by every layer that its principal has. */
export type PolicySource =
  | 'identity policy'
  | 'role policy'
  | 'session policy'
  /** Azure: the three kinds of credential, of which a user-delegation SAS has two layers. */
  | 'account key'
  | 'shared access signature'
  | 'role assignment'
  /** Google: the account's rights, cut by the scopes and the access boundary of its token. */
  | 'IAM policy'
  | 'token scope'
  | 'access boundary'
  /** Google: the address of a resumable upload is its own authorisation. */
  | 'upload session';

export interface PolicyLayer {
  readonly source: PolicySource;
  readonly policy: CompiledPolicy;
}

/** One action on one resource, with what the request says about itself. */
export interface AccessQuestion {
  /** As `s3:GetObject`. */
  readonly action: string;
  /** As `arn:aws:s3:::bucket/key`. */
  readonly resource: string;
  readonly context: RequestContext;
}

export interface LayerDecision {
  readonly source: PolicySource;
  readonly outcome: 'allowed' | 'explicit deny' | 'not allowed';
  /** The Sid or `statement N` that decided; absent when none applied. */
  readonly statement?: string;
}

/** Why a request was allowed or denied. */
export interface Decision {
  readonly allowed: boolean;
  readonly action: string;
  readonly resource: string;
  readonly layers: readonly LayerDecision[];
}

/**
 * Allowed only when every layer allows and none denies explicitly; no layer at all denies.
 * So a session policy can only narrow what the role allows.
 */
export function evaluate(layers: readonly PolicyLayer[], question: AccessQuestion): Decision {
  const decided = layers.map((layer) => decideLayer(layer, question));
  return {
    allowed: decided.length > 0 && decided.every((layer) => layer.outcome === 'allowed'),
    action: question.action,
    resource: question.resource,
    layers: decided,
  };
}

function decideLayer(layer: PolicyLayer, question: AccessQuestion): LayerDecision {
  const { source } = layer;
  let allowedBy: string | undefined;
  for (const statement of layer.policy.statements) {
    if (allowedBy !== undefined && statement.effect === 'Allow') continue;
    if (!applies(statement, question)) continue;
    if (statement.effect === 'Deny') {
      return { source, outcome: 'explicit deny', statement: statement.name };
    }
    allowedBy = statement.name;
  }
  if (allowedBy === undefined) return { source, outcome: 'not allowed' };
  return { source, outcome: 'allowed', statement: allowedBy };
}

function applies(statement: CompiledStatement, question: AccessQuestion): boolean {
  const { actions, resources, conditions } = statement;
  const action = question.action.toLowerCase();
  if (actions.patterns.some((pattern) => matchesPattern(pattern, action)) === actions.negated) {
    return false;
  }
  const named = matchesResource(resources.patterns, question);
  if (named === undefined || named === resources.negated) return false;
  return conditions.every((condition) => condition.matches(question.context));
}

/** Undefined when nothing matched and a variable had no value: then the statement says nothing. */
function matchesResource(
  patterns: readonly Pattern[],
  question: AccessQuestion,
): boolean | undefined {
  let unbound = false;
  for (const pattern of patterns) {
    const bound = bindPattern(pattern, (variable) => textOf(question.context.get(variable)));
    if (bound === undefined) unbound = true;
    else if (matchesPattern(bound, question.resource)) return true;
  }
  return unbound ? undefined : false;
}

/** The closing half-sentence of AWS' AccessDenied message. */
export function denialReason(decision: Decision): string {
  const explicit = decision.layers.find((layer) => layer.outcome === 'explicit deny');
  if (explicit !== undefined) {
    const kind = explicit.source === 'session policy' ? 'a session' : 'an identity-based';
    return `with an explicit deny in ${kind} policy`;
  }
  const missing = decision.layers.find((layer) => layer.outcome === 'not allowed');
  const kind = missing?.source === 'session policy' ? 'session' : 'identity-based';
  return `because no ${kind} policy allows the ${decision.action} action`;
}
