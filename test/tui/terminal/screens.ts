import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = new URL('./screens/', import.meta.url);

function linesOf(screen: string): readonly string[] {
  return screen
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd());
}

/**
 * The lines stand on the screen in this order, others may stand between them: what depends on how
 * fast the machine was is left out of a comparison, nothing else.
 */
export function expectLines(screen: string, wanted: readonly (string | RegExp)[]): void {
  let rest = linesOf(screen);
  for (const one of wanted) {
    const index = rest.findIndex((line) =>
      typeof one === 'string' ? line === one : one.test(line),
    );
    if (index < 0) throw new Error(`the line "${one}" is not on the screen:\n${screen}`);
    rest = rest.slice(index + 1);
  }
}

/** How the whole screen differs from what was reviewed; null: it does not. A missing one is written. */
export function screenProblem(screen: string, name: string): string | null {
  const file = fileURLToPath(new URL(`${name}.txt`, FOLDER));
  const text = `${linesOf(screen).join('\n')}\n`;
  if (!existsSync(file)) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, text);
    return `${file} was written anew: review it`;
  }
  const reviewed = readFileSync(file, 'utf8');
  if (text === reviewed) return null;
  const was = linesOf(reviewed);
  const changes = linesOf(screen).flatMap((line, index) =>
    line === was[index] ? [] : [`line ${index + 1}`, `  was ${was[index]}`, `  is  ${line}`],
  );
  return `the screen is not as in ${file}:\n${changes.join('\n')}`;
}
