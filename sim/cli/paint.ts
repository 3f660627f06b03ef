const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
} as const;

export type Paint = keyof typeof CODES;

/** Colours a text where colour is welcome; else the text as it is. */
export function paint(text: string, style: Paint, look: { readonly color: boolean }): string {
  if (!look.color) return text;
  const [on, off] = CODES[style];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}
