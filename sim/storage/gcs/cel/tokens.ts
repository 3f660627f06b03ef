import { CelError } from './expression.ts';

export type CelToken =
  | { readonly kind: 'text'; readonly value: string; readonly position: number }
  | { readonly kind: 'name'; readonly value: string; readonly position: number }
  | { readonly kind: 'mark'; readonly value: string; readonly position: number }
  | { readonly kind: 'end'; readonly value: ''; readonly position: number };

const MARKS = ['||', '&&', '==', '!=', '<=', '>=', '<', '>', '!', '(', ')', '.', ','] as const;
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  '`': '`',
  '?': '?',
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const ESCAPE_DIGITS: Readonly<Record<string, number>> = { x: 2, X: 2, u: 4, U: 8 };

/** Cuts an expression into tokens; throws CelError. Raw, triple-quoted and bytes are refused. */
export function tokenizeCel(source: string): CelToken[] {
  const tokens: CelToken[] = [];
  let position = 0;
  while (position < source.length) {
    const character = source[position]!;
    if (/[ \t\n\r\f]/.test(character)) {
      position += 1;
      continue;
    }
    if (character === "'" || character === '"') {
      const read = readText(source, position);
      tokens.push({ kind: 'text', value: read.value, position });
      position = read.end;
      continue;
    }
    const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(source.slice(position, position + 64))?.[0];
    if (name !== undefined) {
      tokens.push({ kind: 'name', value: name, position });
      position += name.length;
      continue;
    }
    const mark = MARKS.find((one) => source.startsWith(one, position));
    if (mark === undefined) throw new CelError('this character has no place here', position);
    tokens.push({ kind: 'mark', value: mark, position });
    position += mark.length;
  }
  tokens.push({ kind: 'end', value: '', position });
  return tokens;
}

function readText(source: string, start: number): { value: string; end: number } {
  const quote = source[start]!;
  let value = '';
  let position = start + 1;
  for (;;) {
    const character = source[position];
    if (character === undefined || character === '\n' || character === '\r') {
      throw new CelError('a text is not closed on its line', start);
    }
    if (character === quote) return { value, end: position + 1 };
    if (character !== '\\') {
      value += character;
      position += 1;
      continue;
    }
    const escaped = readEscape(source, position);
    value += escaped.value;
    position = escaped.end;
  }
}

/** `\n`, `\'`, `\x41`, `\u00e9`, `\U0001F600`, `\101`: the escapes of CEL and no others. */
function readEscape(source: string, start: number): { value: string; end: number } {
  const letter = source[start + 1] ?? '';
  const simple = Object.hasOwn(SIMPLE_ESCAPES, letter) ? SIMPLE_ESCAPES[letter] : undefined;
  if (simple !== undefined) return { value: simple, end: start + 2 };
  const count = Object.hasOwn(ESCAPE_DIGITS, letter) ? ESCAPE_DIGITS[letter] : undefined;
  if (count !== undefined) {
    const digits = source.slice(start + 2, start + 2 + count);
    const isHex = digits.length === count && /^[0-9a-fA-F]+$/.test(digits);
    return {
      value: scalar(isHex ? Number.parseInt(digits, 16) : -1, start),
      end: start + 2 + count,
    };
  }
  const octal = /^[0-3][0-7]{2}/.exec(source.slice(start + 1, start + 4))?.[0];
  if (octal === undefined) throw new CelError('CEL has no such escape', start);
  return { value: scalar(Number.parseInt(octal, 8), start), end: start + 4 };
}

function scalar(code: number, position: number): string {
  const isScalar = code >= 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  if (!isScalar) throw new CelError('this escape is no character', position);
  return String.fromCodePoint(code);
}
