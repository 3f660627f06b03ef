import { spawn } from 'node:child_process';
import { createRealClock } from '../../../adapters/clock/real-clock.ts';
import { memoryLinkPair } from '../../../adapters/memory/link.ts';
import { socketDialer, socketListeners } from '../../../adapters/transport/sockets.ts';
import { StreamLink } from '../../../adapters/transport/stream-link.ts';
import type { Link } from '../../../machines/ports/link.ts';
import { linkContract } from '../../contract/link.contract.ts';

linkContract('memory', async () => {
  const [near, far] = memoryLinkPair(createRealClock(), 0);
  return { near, far, close: async () => near.close() };
});

linkContract('sockets', async () => {
  let accept: (link: Link) => void = () => {};
  const accepted = new Promise<Link>((resolve) => {
    accept = resolve;
  });
  const listener = await socketListeners().listen((link) => accept(link));
  const near = await socketDialer().dial(listener.address);
  return { near, far: await accepted, close: () => listener.close() };
});

/** Real pipes: each direction goes through a child process that copies its stdin to its stdout. */
linkContract('pipes of child processes', async () => {
  const children = [spawn('cat'), spawn('cat')] as const;
  const [there, back] = children;
  return {
    near: new StreamLink(back.stdout, there.stdin),
    far: new StreamLink(there.stdout, back.stdin),
    close: async () => {
      for (const child of children) child.kill('SIGKILL');
    },
  };
});
