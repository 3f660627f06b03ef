/**
 * Shows the live view with a recorded run, to be tried by hand or in tmux:
 * `node test/tui/demo.ts [--every MS] [--ascii] [--finish] [--crash MS]`.
 */
import { showLive } from '../../sim/tui/index.ts';
import { FakeRun } from './fake-run.ts';
import { recordedEvents } from './recorded-run.ts';

const flags = process.argv.slice(2);
const numberAfter = (flag: string, fallback: number): number =>
  flags.includes(flag) ? Number(flags[flags.indexOf(flag) + 1]) : fallback;

const everyMs = numberAfter('--every', 30);
const crashMs = numberAfter('--crash', 0);
const controller = new AbortController();
process.on('SIGTERM', () => controller.abort('SIGTERM'));
process.on('SIGINT', () => controller.abort('SIGINT'));

const run = new FakeRun();
const events = [...recordedEvents()];
let bytes = 0;
const timer = setInterval(() => {
  if (run.isHeld()) return;
  const event = events.shift();
  if (event !== undefined) {
    run.happen(event);
    return;
  }
  if (flags.includes('--finish')) run.finish();
  bytes += 100_000;
  run.at += 30;
  run.progress('s6', { role: 'source', linkBytes: bytes, storageBytes: 0 });
  run.progress('s6', { role: 'target', linkBytes: bytes, storageBytes: Math.floor(bytes * 0.7) });
}, everyMs);
if (crashMs > 0) {
  setTimeout(() => {
    throw new Error('the demo was asked to crash');
  }, crashMs);
}

await showLive(run, {
  ascii: flags.includes('--ascii'),
  color: (process.env.NO_COLOR ?? '') === '',
  signal: controller.signal,
  beat: (tick) => {
    const heart = setInterval(() => tick(66), 66);
    return () => clearInterval(heart);
  },
});
clearInterval(timer);
console.log(
  `left; orders: ${run.orders.join(', ') || 'none'}; signal ${controller.signal.reason ?? 'none'}`,
);
