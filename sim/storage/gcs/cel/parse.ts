import {
  CelError,
  type CelExpression,
  type CelType,
  COMPARE_OPERATORS,
  LIST_PREFIX_ATTRIBUTE,
  RESOURCE_ATTRIBUTES,
} from './expression.ts';
import { parseInstant } from './instant.ts';
import { type CelToken, tokenizeCel } from './tokens.ts';

const SOURCE_LENGTH_MAX = 4096;
const DEPTH_MAX = 32;

interface Typed {
  readonly expression: CelExpression;
  readonly type: CelType;
}

/** A condition that was understood as a whole. */
export interface CelCondition {
  readonly expression: CelExpression;
  /** API attributes work in access boundaries alone. */
  readonly usesApiAttributes: boolean;
  /** Uses of `&&`, `||` and `!`; IAM allows twelve in a binding. */
  readonly logicalOperators: number;
}

/** Parses a condition, which must be true or false in the end. Throws CelError, nothing else. */
export function parseCel(source: string): CelCondition {
  if (source.length > SOURCE_LENGTH_MAX) {
    throw new CelError(`an expression has at most ${SOURCE_LENGTH_MAX} characters`, 0);
  }
  const parser = new Parser(tokenizeCel(source));
  return parser.parse();
}

class Parser {
  readonly #tokens: readonly CelToken[];
  #at = 0;
  #depth = 0;
  #usesApiAttributes = false;
  #logicalOperators = 0;

  constructor(tokens: readonly CelToken[]) {
    this.#tokens = tokens;
  }

  parse(): CelCondition {
    const position = this.#peek().position;
    const whole = this.#or();
    const rest = this.#peek();
    if (rest.kind !== 'end') throw new CelError('nothing more is expected', rest.position);
    return {
      expression: need(whole, 'truth', position),
      usesApiAttributes: this.#usesApiAttributes,
      logicalOperators: this.#logicalOperators,
    };
  }

  #or(): Typed {
    return this.#chain('||', 'or', () => this.#chain('&&', 'and', () => this.#comparison()));
  }

  #chain(mark: string, kind: 'and' | 'or', operand: () => Typed): Typed {
    const position = this.#peek().position;
    let left = operand();
    while (this.#skip(mark)) {
      this.#logicalOperators += 1;
      const rightPosition = this.#peek().position;
      const right = need(operand(), 'truth', rightPosition);
      left = { type: 'truth', expression: { kind, left: need(left, 'truth', position), right } };
    }
    return left;
  }

  #comparison(): Typed {
    const left = this.#unary();
    const { kind, value, position } = this.#peek();
    const operator = COMPARE_OPERATORS.find((one) => kind === 'mark' && one === value);
    if (operator === undefined) return left;
    this.#at += 1;
    const right = this.#unary();
    if (left.type !== right.type) throw new CelError('the two sides differ in type', position);
    const isOrder = operator !== '==' && operator !== '!=';
    if (isOrder && left.type !== 'instant') {
      throw new CelError('only instants are compared by order', position);
    }
    const compared = { kind: 'compare', operator } as const;
    return {
      type: 'truth',
      expression: { ...compared, left: left.expression, right: right.expression },
    };
  }

  #unary(): Typed {
    const { position } = this.#peek();
    if (!this.#skip('!')) return this.#member();
    this.#logicalOperators += 1;
    const operand = this.#nested(position, () => this.#unary());
    return {
      type: 'truth',
      expression: { kind: 'not', operand: need(operand, 'truth', position) },
    };
  }

  /** A value and the methods called on it. */
  #member(): Typed {
    const { position } = this.#peek();
    let value = this.#primary();
    while (this.#skip('.')) {
      const method = this.#name();
      if (method.value !== 'startsWith' && method.value !== 'endsWith') {
        throw new CelError('there is no such method', method.position);
      }
      const argument = this.#arguments(1, method.position)[0]!;
      value = {
        type: 'truth',
        expression: {
          kind: 'affix',
          method: method.value,
          text: need(value, 'text', position),
          affix: need(argument, 'text', method.position),
        },
      };
    }
    return value;
  }

  #primary(): Typed {
    const token = this.#peek();
    this.#at += 1;
    if (token.kind === 'text') {
      return { type: 'text', expression: { kind: 'text', value: token.value } };
    }
    if (token.kind === 'mark' && token.value === '(') {
      const inner = this.#nested(token.position, () => this.#or());
      this.#expect(')');
      return inner;
    }
    if (token.kind !== 'name') throw new CelError('a value is expected', token.position);
    switch (token.value) {
      case 'true':
      case 'false':
        return { type: 'truth', expression: { kind: 'truth', value: token.value === 'true' } };
      case 'resource':
        return this.#resource();
      case 'request':
        this.#expect('.');
        this.#expectName('time');
        return { type: 'instant', expression: { kind: 'requestTime' } };
      case 'api':
        return this.#apiAttribute();
      case 'timestamp':
        return this.#timestamp(token.position);
      default:
        throw new CelError('there is no such name', token.position);
    }
  }

  #resource(): Typed {
    this.#expect('.');
    const { value, position } = this.#name();
    const attribute = RESOURCE_ATTRIBUTES.find((one) => one === value);
    if (attribute === undefined) throw new CelError('a resource has no such attribute', position);
    return { type: 'text', expression: { kind: 'resource', attribute } };
  }

  #apiAttribute(): Typed {
    this.#expect('.');
    this.#expectName('getAttribute');
    const { position } = this.#peek();
    const [name, fallback] = this.#arguments(2, position).map((one) => one.expression);
    if (name?.kind !== 'text' || fallback?.kind !== 'text') {
      throw new CelError('getAttribute takes two texts', position);
    }
    if (name.value !== LIST_PREFIX_ATTRIBUTE) {
      throw new CelError('Cloud Storage has no such API attribute', position);
    }
    this.#usesApiAttributes = true;
    return { type: 'text', expression: { kind: 'listPrefix', fallback: fallback.value } };
  }

  #timestamp(position: number): Typed {
    const argument = this.#arguments(1, position)[0]!.expression;
    const at = argument.kind === 'text' ? parseInstant(argument.value) : undefined;
    if (at === undefined) throw new CelError('timestamp takes an instant of RFC 3339', position);
    return { type: 'instant', expression: { kind: 'instant', at } };
  }

  #arguments(count: number, position: number): Typed[] {
    this.#expect('(');
    const found: Typed[] = [];
    this.#nested(position, () => {
      do found.push(this.#or());
      while (this.#skip(','));
    });
    this.#expect(')');
    if (found.length !== count) throw new CelError(`${count} arguments are expected`, position);
    return found;
  }

  /** Bounds the recursion, so that no expression can exhaust the stack. */
  #nested<Result>(position: number, read: () => Result): Result {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw new CelError('the expression is nested too deep', position);
    const result = read();
    this.#depth -= 1;
    return result;
  }

  #peek(): CelToken {
    // The last token is `end`, and nothing is read beyond it.
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)]!;
  }

  #skip(mark: string): boolean {
    const token = this.#peek();
    const isThere = token.kind === 'mark' && token.value === mark;
    if (isThere) this.#at += 1;
    return isThere;
  }

  #expect(mark: string): void {
    const { position } = this.#peek();
    if (!this.#skip(mark)) throw new CelError(`${mark} is expected`, position);
  }

  #name(): { value: string; position: number } {
    const token = this.#peek();
    if (token.kind !== 'name') throw new CelError('a name is expected', token.position);
    this.#at += 1;
    return token;
  }

  #expectName(wanted: string): void {
    const { value, position } = this.#name();
    if (value !== wanted) throw new CelError(`${wanted} is expected`, position);
  }
}

function need(typed: Typed, type: CelType, position: number): CelExpression {
  if (typed.type !== type) throw new CelError(`a ${type} is expected`, position);
  return typed.expression;
}
