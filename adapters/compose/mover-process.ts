/**
 * The program of one data-mover process. Orders come in on stdin and reports go out on stdout, in
 * frames; nothing is read from arguments or the environment, nothing is written to the disk but a
 * restore (C6, I64). The one argument says which SDK to load while the first message is on its way.
 */
import { enableCompileCache } from 'node:module';
import { createRealClock } from '../clock/real-clock.ts';
import { createWarpClock, parseWarpClockState } from '../clock/warp-clock.ts';
import { runMover } from '../roles/mover/run-mover.ts';
import { socketDialer, socketListeners } from '../transport/sockets.ts';
import { StreamLink } from '../transport/stream-link.ts';

enableCompileCache?.();

const transportClock = createRealClock();
const realNow = transportClock.now();
const clock = createWarpClock({
  state: { virtualAt: realNow, realAt: realNow, rate: 1 },
  settle: () => Promise.resolve(),
});
const isTarget = process.argv[2] === 'target';
const stores = isTarget ? await import('./stores.ts') : null;

/** Spreads retries; nothing secret or reproducible depends on it. */
const random = (): number => crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;

runMover(new StreamLink(process.stdin, process.stdout), {
  clock,
  transportClock,
  dialer: socketDialer(),
  listeners: socketListeners(),
  createStore: (location, credential, onUse) => {
    if (stores === null) throw new Error('a source mover has no business with the storage');
    const options = { clock, waitClock: transportClock, random, onUse };
    return stores.createMoverStore(location, credential, options);
  },
  adoptClock: (state) => clock.adopt(parseWarpClockState(state)),
  onStopped: () => {
    // What was written to stdout goes out before the process ends; a broken pipe does not hold it.
    transportClock.wakeAt(transportClock.now() + 1_000, () => process.exit(0));
    process.stdout.end(() => process.exit(0));
  },
});
