/** A text as one word of a POSIX shell: as it is where it can be, else in quotes. */
export function shellWord(text: string): string {
  if (/^[\w%+./:=@,-]+$/.test(text)) return text;
  if (text.includes("'") && !/["$`\\!]/.test(text)) return `"${text}"`;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
