/**
 * Wildcard patterns of policies: `*` is any text (also with `/`), `?` one character; `${*}`, `${?}`
 * and `${$}` stand for the characters themselves. A pattern is a list of tokens, so that a literal
 * star can never turn into a wildcard by being put together with other text.
 */
export type PatternToken = { readonly literal: string } | { readonly variable: string } | '*' | '?';

export type Pattern = readonly PatternToken[];

/**
 * Reads a pattern. `variables` says which policy variables may stand in it; an unknown or
 * malformed `${…}` makes the pattern undefined, because half-understood text must not grant.
 * With `wildcards: false` (exact operators) a star and a question mark are themselves.
 */
export function parsePattern(
  text: string,
  variables: ReadonlySet<string>,
  { wildcards }: { wildcards: boolean } = { wildcards: true },
): Pattern | undefined {
  const tokens: PatternToken[] = [];
  let literal = '';
  const flush = (): void => {
    if (literal !== '') tokens.push({ literal });
    literal = '';
  };
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]!;
    if (character === '$' && text[at + 1] === '{') {
      const end = text.indexOf('}', at);
      if (end < 0) return undefined;
      const name = text.slice(at + 2, end);
      if (name === '*' || name === '?' || name === '$') literal += name;
      else {
        const variable = name.toLowerCase();
        if (!variables.has(variable)) return undefined;
        flush();
        tokens.push({ variable });
      }
      at = end;
    } else if (wildcards && (character === '*' || character === '?')) {
      flush();
      // Two stars match what one matches, and one is much faster.
      if (character === '?' || tokens.at(-1) !== '*') tokens.push(character);
    } else literal += character;
  }
  flush();
  return tokens;
}

/** Puts the values of variables in, as literal text; undefined when one has no value. */
export function bindPattern(
  pattern: Pattern,
  valueFor: (variable: string) => string | undefined,
): Pattern | undefined {
  if (!pattern.some((token) => typeof token === 'object' && 'variable' in token)) return pattern;
  const bound: PatternToken[] = [];
  for (const token of pattern) {
    if (typeof token === 'string' || 'literal' in token) bound.push(token);
    else {
      const value = valueFor(token.variable);
      if (value === undefined) return undefined;
      bound.push({ literal: value });
    }
  }
  return bound;
}

/** Whether the whole text matches; the pattern must have no variables left. Never exponential. */
export function matchesPattern(pattern: Pattern, text: string): boolean {
  let token = 0;
  let at = 0;
  let starToken = -1;
  let starAt = 0;
  for (;;) {
    const current = pattern[token];
    if (current === '*') {
      starToken = token;
      starAt = at;
      token += 1;
      continue;
    }
    if (current === undefined && at === text.length) return true;
    const consumed = current === undefined ? -1 : consume(current, text, at);
    if (consumed >= 0) {
      at += consumed;
      token += 1;
      continue;
    }
    // Mismatch: only the latest star needs to take one character more.
    if (starToken < 0 || starAt >= text.length) return false;
    starAt += 1;
    at = starAt;
    token = starToken + 1;
  }
}

function consume(token: PatternToken, text: string, at: number): number {
  if (token === '?') return at < text.length ? characterLength(text, at) : -1;
  if (token === '*') return -1;
  if ('variable' in token) throw new Error('a pattern is matched before its variables are bound');
  return text.startsWith(token.literal, at) ? token.literal.length : -1;
}

function characterLength(text: string, at: number): number {
  return text.codePointAt(at)! > 0xffff ? 2 : 1;
}
