import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installMissing } from '../../real/programs.ts';
import type { RealSuite } from '../../real/report.ts';
import { FLEET_STORIES } from './fleet-stories.ts';
import { MANNERS } from './manners.ts';
import { RealTerminal } from './real-terminal.ts';
import { STORIES, type Story } from './stories.ts';
import { TRACE_STORIES } from './trace-stories.ts';

/** The terminal UI in a real terminal (Debian's tmux), driven by keys and read from its screen. */
export const terminalSuite: RealSuite = {
  name: 'terminal',
  run: async (report) => {
    const write = (line: string): void => void process.stdout.write(`${line}\n`);
    const missing = installMissing({ tmux: 'tmux' }, write).get('tmux');
    for (const story of [...STORIES, ...TRACE_STORIES, ...FLEET_STORIES, ...MANNERS]) {
      if (missing === undefined) await report.check(story.name, () => tell(story));
      else report.skip(story.name, `tmux: ${missing}`);
    }
  },
};

async function tell({ run, size }: Story): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fortnight-terminal-'));
  try {
    const terminal = await RealTerminal.open(folder, size);
    try {
      await run(terminal);
    } finally {
      terminal.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
