/** The names of an object's members in the order of the text, and what is written before each. */
export interface MemberNames {
  readonly sorted: readonly string[];
  /** `{"first":`, then `,"second":` … */
  readonly openings: readonly string[];
}

/** So many places are remembered; objects whose keys are data would otherwise fill the memory. */
const PLACES_MAX = 20_000;

interface Place {
  names: MemberNames | null;
  readonly next: Map<string, Place>;
}

const first: Place = { names: null, next: new Map() };
let places = 0;

/**
 * Events have few shapes, and to sort their keys costs more than to write them: what a list of keys
 * leads to is remembered, by one step a key.
 */
export function memberNamesOf(keys: readonly string[]): MemberNames {
  let place = first;
  for (let at = 0; at < keys.length; at += 1) {
    const key = keys[at] as string;
    let next = place.next.get(key);
    if (next === undefined) {
      if (places === PLACES_MAX) return sortedNames(keys);
      places += 1;
      next = { names: null, next: new Map() };
      place.next.set(key, next);
    }
    place = next;
  }
  place.names ??= sortedNames(keys);
  return place.names;
}

function sortedNames(keys: readonly string[]): MemberNames {
  const sorted = [...keys].sort();
  const openings = sorted.map((key, at) => `${at === 0 ? '{' : ','}${JSON.stringify(key)}:`);
  return { sorted, openings };
}
