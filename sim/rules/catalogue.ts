import { CHECKERS, checkLiveness } from '../check/index.ts';
import { CODE } from './code.ts';
import { GAPS } from './gaps.ts';
import { ROUTE_INVARIANTS } from './invariants-routes.ts';
import { SAFETY_INVARIANTS } from './invariants-safety.ts';
import { LIVENESS_RULES, SEED_SENTENCES } from './liveness-and-seed.ts';
import { MUTANTS } from './mutants/index.ts';
import { PROTOCOL_RULES } from './protocol-rules.ts';
import { PROTOCOL_TESTS } from './tests/protocol.ts';
import { ROUTE_TESTS } from './tests/routes.ts';
import { SAFETY_TESTS } from './tests/safety.ts';
import type { Rule, RuleText, TestLink } from './types.ts';

export type { Rule, RuleKind, TestLink } from './types.ts';

const TEXTS: readonly RuleText[] = [
  ...PROTOCOL_RULES,
  ...ROUTE_INVARIANTS,
  ...SAFETY_INVARIANTS,
  ...LIVENESS_RULES,
  ...SEED_SENTENCES,
];

/** By rule: the tests that would fail if it were broken. */
export const TESTS: Readonly<Record<string, readonly TestLink[]>> = {
  ...PROTOCOL_TESTS,
  ...ROUTE_TESTS,
  ...SAFETY_TESTS,
};

/** By invariant: the names of the checkers that may report it. */
function checkersByInvariant(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { name, invariants } of [...CHECKERS, checkLiveness({})]) {
    for (const invariant of invariants) {
      const known = found.get(invariant);
      if (known === undefined) found.set(invariant, [name]);
      else known.push(name);
    }
  }
  return found;
}

function build(): readonly Rule[] {
  const checkers = checkersByInvariant();
  const byId = new Map(TEXTS.map((text) => [text.id, text]));
  const judgedOf = (text: RuleText): readonly string[] => {
    const own = checkers.has(text.id) ? [text.id] : [];
    switch (text.kind) {
      case 'invariant':
      case 'liveness':
        return own;
      case 'sentence': {
        const rules = text.related.flatMap((id) => judgedOf(byId.get(id) as RuleText));
        const citing = TEXTS.filter(
          ({ kind, id, related }) =>
            kind === 'invariant' && related.includes(text.id) && checkers.has(id),
        );
        return [...new Set([...own, ...citing.map(({ id }) => id), ...rules])];
      }
      default:
        return [...own, ...text.related.filter((id) => checkers.has(id))];
    }
  };
  /** A sentence has no test of its own: those of its rules are its tests. */
  const testsOf = ({ id, kind, related }: RuleText): Rule['tests'] =>
    kind === 'sentence' ? related.flatMap((one) => TESTS[one] ?? []) : (TESTS[id] ?? []);
  const codeOf = ({ id, kind, related }: RuleText): readonly string[] =>
    kind === 'sentence' ? related.flatMap((one) => CODE[one] ?? []) : (CODE[id] ?? []);
  const mutantsOf = ({ id, kind, related }: RuleText): readonly string[] => {
    const ids = kind === 'sentence' ? [id, ...related] : [id];
    return MUTANTS.filter(({ rule }) => ids.includes(rule)).map(({ what }) => what);
  };
  return TEXTS.map((text): Rule => {
    const judgedBy = judgedOf(text);
    return {
      ...text,
      judgedBy,
      checkers: [...new Set(judgedBy.flatMap((id) => checkers.get(id) ?? []))],
      code: [...new Set(codeOf(text))],
      tests: testsOf(text),
      mutants: mutantsOf(text),
      gap: GAPS[text.id] ?? null,
    };
  });
}

/** Every rule, invariant, bound and sentence, in the order of the documents. */
export const CATALOGUE: readonly Rule[] = build();
