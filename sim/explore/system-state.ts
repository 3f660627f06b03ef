/** A row of small numbers, and the same bytes as words, for who stores or compares it. */
export interface SystemState {
  readonly places: Uint16Array;
  readonly words: Uint32Array;
}

export function emptyState(width: number): SystemState {
  const words = new Uint32Array((width + 1) >> 1);
  return { places: new Uint16Array(words.buffer), words };
}

export function copyOf({ places }: SystemState): SystemState {
  const copy = emptyState(places.length);
  copy.places.set(places);
  return copy;
}
