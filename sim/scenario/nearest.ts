/** Edits that turn one word into the other (Levenshtein), upper and lower case alike. */
function distance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const substitution = left[row - 1] === right[column - 1] ? 0 : 1;
      current.push(
        Math.min(
          (previous[column] as number) + 1,
          (current[column - 1] as number) + 1,
          (previous[column - 1] as number) + substitution,
        ),
      );
    }
    previous = current;
  }
  return previous[right.length] as number;
}

/** The known word that a mistyped one most likely meant, or null when none is close. */
export function nearestWord(word: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.ceil(word.length / 3) + 1;
  for (const candidate of known) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < bestDistance) {
      best = candidate;
      bestDistance = edits;
    }
  }
  return best;
}

/** `Did you mean "aws"? Known: aws, gcs.`: what to do about a word that is not known. */
export function wordRemedy(word: string, known: readonly string[]): string {
  const nearest = nearestWord(word, known);
  const suggestion = nearest === null ? '' : `did you mean "${nearest}"? `;
  return known.length === 0
    ? `${suggestion}none is defined`
    : `${suggestion}use one of: ${known.join(', ')}`;
}
