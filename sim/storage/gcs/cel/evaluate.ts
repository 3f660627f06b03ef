import type { CelExpression, CompareOperator } from './expression.ts';
import { nanoseconds } from './instant.ts';

/** What a condition can see of a request. */
export interface CelContext {
  /** As `projects/_/buckets/B/objects/KEY`. */
  readonly resourceName: string;
  /** As `storage.googleapis.com/Object`. */
  readonly resourceType: string;
  /** Epoch ms. */
  readonly requestAt: number;
  /** The prefix that a listing asks for; undefined for every other operation. */
  readonly listPrefix: string | undefined;
}

/** Evaluates a typed expression: it cannot fail. */
export function evaluateCel(expression: CelExpression, context: CelContext): boolean {
  return resultOf(expression, context) === true;
}

function resultOf(expression: CelExpression, context: CelContext): string | bigint | boolean {
  switch (expression.kind) {
    case 'text':
    case 'truth':
      return expression.value;
    case 'instant':
      return expression.at;
    case 'requestTime':
      return nanoseconds(context.requestAt);
    case 'resource':
      if (expression.attribute === 'name') return context.resourceName;
      return expression.attribute === 'type' ? context.resourceType : 'storage.googleapis.com';
    case 'listPrefix':
      return context.listPrefix ?? expression.fallback;
    case 'affix': {
      const text = String(resultOf(expression.text, context));
      const affix = String(resultOf(expression.affix, context));
      return expression.method === 'startsWith' ? text.startsWith(affix) : text.endsWith(affix);
    }
    case 'not':
      return !resultOf(expression.operand, context);
    case 'and':
      return evaluateCel(expression.left, context) && evaluateCel(expression.right, context);
    case 'or':
      return evaluateCel(expression.left, context) || evaluateCel(expression.right, context);
    case 'compare':
      return compare(
        expression.operator,
        resultOf(expression.left, context),
        resultOf(expression.right, context),
      );
    default:
      throw new Error(`unknown expression: ${JSON.stringify(expression satisfies never)}`);
  }
}

function compare(
  operator: CompareOperator,
  left: string | bigint | boolean,
  right: string | bigint | boolean,
): boolean {
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    default:
      throw new Error(`unknown operator: ${String(operator satisfies never)}`);
  }
}
