import { expect, test } from 'vitest';
import { BINDINGS, shownKey } from '../../sim/tui/keys.ts';
import { frameOf, recordedHistory, screenText } from './frames.ts';

/** The keys for people who read documents, and for scripts that press them. */
function keyTable(): string {
  const rows = BINDINGS.map(({ keys, command, argument, place, help }) => {
    const names = keys.map((key) => `\`${shownKey(key)}\``).join(' ');
    const isTyped = place !== 'typing' && place !== 'question';
    const typed = isTyped ? `\`:${command}${argument === undefined ? '' : ` ${argument}`}\`` : '';
    return `| ${names} | ${typed} | ${place} | ${help} |`;
  });
  return `${['| keys | typed | where | what it does |', '|---|---|---|---|', ...rows].join('\n')}\n`;
}

test('docs/terminal-keys.md is the table of key bindings (-u writes it anew)', async () => {
  const head =
    '# Keys of the terminal\n\nMade from `sim/tui/keys.ts`; see [terminal.md](terminal.md).\n\n';
  await expect(head + keyTable()).toMatchFileSnapshot('../../docs/terminal-keys.md');
});

test('docs/terminal.txt is what the screen shows of the recorded run (-u writes it anew)', async () => {
  const lines = screenText(frameOf(recordedHistory(), 'sessions'), 100, 30);
  const text = lines.map((line) => line.trimEnd()).join('\n');
  await expect(`${text}\n`).toMatchFileSnapshot('../../docs/terminal.txt');
});
