import { parseDuration } from '../../machines/rules/duration.ts';
import { parseSize } from '../scenario/size.ts';

/** What a row offers to be found by: words, and numbers (ms or bytes) for comparisons. */
export type Fields = Readonly<Record<string, string | number | null>>;

type Sign = ':' | '=' | '<' | '>' | '<=' | '>=';

interface Term {
  readonly isNot: boolean;
  readonly field: string | null;
  readonly sign: Sign;
  readonly text: string;
  readonly number: number | null;
}

/** Every term must hold. */
export type Filter = readonly Term[];

export const FILTER_HELP =
  'words that must all occur; "two words"; -word: must not; state:running, tenant=acme, ' +
  'left<24h, bytes>1MiB';

const TERM = /(-)?(?:([a-z]+)(<=|>=|[:=<>]))?(?:"([^"]*)"?|(\S+))/gi;

/** One grammar for every list, the menu and the help. Whatever was typed means something. */
export function parseFilter(text: string): Filter {
  return [...text.matchAll(TERM)].map(([, minus, field, sign, quoted, word]) => {
    const value = (quoted ?? word ?? '').toLowerCase();
    return {
      isNot: minus !== undefined,
      field: field?.toLowerCase() ?? null,
      sign: (sign ?? ':') as Sign,
      text: value,
      number: numberOf(value),
    };
  });
}

/** `24h` in ms, `1MiB` in bytes, `3` as it is. */
function numberOf(text: string): number | null {
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  const duration = parseDuration(text);
  if (duration.ok) return duration.ms;
  const size = parseSize(text);
  return size.ok ? size.bytes : null;
}

/** The first field that was asked for and that rows with these fields do not have. */
export function unknownField(filter: Filter, known: readonly string[]): string | null {
  return filter.find(({ field }) => field !== null && !known.includes(field))?.field ?? null;
}

/** `all`: the row as it is read, for terms without a field. */
export function matches(filter: Filter, fields: Fields, all: string): boolean {
  return filter.every((term) => holds(term, fields, all) !== term.isNot);
}

function holds({ field, sign, text, number }: Term, fields: Fields, all: string): boolean {
  if (field === null) return all.toLowerCase().includes(text);
  // `12:30` names no field: it is looked for as it stands.
  if (!Object.hasOwn(fields, field)) return all.toLowerCase().includes(`${field}${sign}${text}`);
  const value = fields[field] ?? null;
  if (value === null) return false;
  if (sign === ':') return String(value).toLowerCase().includes(text);
  if (sign === '=') {
    return typeof value === 'number' && number !== null
      ? value === number
      : String(value).toLowerCase() === text;
  }
  if (typeof value !== 'number' || number === null) return false;
  switch (sign) {
    case '<':
      return value < number;
    case '>':
      return value > number;
    case '<=':
      return value <= number;
    case '>=':
      return value >= number;
    default:
      return sign satisfies never;
  }
}
