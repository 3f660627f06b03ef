/**
 * The part of the Common Expression Language that conditions of Cloud Storage need. Every
 * expression is typed when it is parsed, so evaluation cannot fail: what the parser does not
 * fully understand is refused when it arrives, never guessed at a request.
 */
export type CelType = 'text' | 'truth' | 'instant';

export type CelExpression =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'truth'; readonly value: boolean }
  /** Epoch nanoseconds. */
  | { readonly kind: 'instant'; readonly at: bigint }
  | { readonly kind: 'resource'; readonly attribute: ResourceAttribute }
  | { readonly kind: 'requestTime' }
  | { readonly kind: 'listPrefix'; readonly fallback: string }
  | {
      readonly kind: 'affix';
      readonly method: 'startsWith' | 'endsWith';
      readonly text: CelExpression;
      readonly affix: CelExpression;
    }
  | { readonly kind: 'not'; readonly operand: CelExpression }
  | {
      readonly kind: 'and' | 'or';
      readonly left: CelExpression;
      readonly right: CelExpression;
    }
  | {
      readonly kind: 'compare';
      readonly operator: CompareOperator;
      readonly left: CelExpression;
      readonly right: CelExpression;
    };

export type ResourceAttribute = 'name' | 'type' | 'service';
export const RESOURCE_ATTRIBUTES = ['name', 'type', 'service'] as const;

export const COMPARE_OPERATORS = ['==', '!=', '<', '<=', '>', '>='] as const;
export type CompareOperator = (typeof COMPARE_OPERATORS)[number];

/** The only API attribute that Cloud Storage has. */
export const LIST_PREFIX_ATTRIBUTE = 'storage.googleapis.com/objectListPrefix';

/** An expression that is not fully understood. `position` counts UTF-16 units from 0. */
export class CelError extends Error {
  readonly position: number;

  constructor(message: string, position: number) {
    super(`${message} (at ${position})`);
    this.name = 'CelError';
    this.position = position;
  }
}
