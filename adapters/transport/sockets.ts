import { connect, createServer, type Socket } from 'node:net';
import type { Dialer, Link, Listener, ListenerFactory } from '../../machines/ports/link.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { StreamLink } from './stream-link.ts';

const LOOPBACK = '127.0.0.1';

/** Dials `host:port`; rejects with `channel.lost` when nobody listens there. */
export function socketDialer(): Dialer {
  return {
    dial: (address) =>
      new Promise<Link>((resolve, reject) => {
        const [host = LOOPBACK, port = ''] = address.split(':');
        const socket = connect({ host, port: Number(port), noDelay: true });
        socket.once('connect', () => {
          socket.removeAllListeners('error');
          resolve(new StreamLink(socket, socket));
        });
        socket.once('error', (error: NodeJS.ErrnoException) => {
          reject(new FortnightError('channel.lost', `${address}: ${error.code ?? error.message}.`));
        });
      }),
  };
}

/** Listens on a free port of the loopback interface. */
export function socketListeners(): ListenerFactory {
  return {
    listen: (onLink) =>
      new Promise<Listener>((resolve, reject) => {
        const sockets = new Set<Socket>();
        const server = createServer({ noDelay: true }, (socket) => {
          sockets.add(socket);
          socket.once('close', () => sockets.delete(socket));
          onLink(new StreamLink(socket, socket));
        });
        server.once('error', reject);
        server.listen(0, LOOPBACK, () => {
          const address = server.address();
          if (address === null || typeof address === 'string') throw new Error('no TCP address');
          resolve({
            address: `${LOOPBACK}:${address.port}`,
            close: () =>
              new Promise<void>((closed) => {
                server.close(() => closed());
                for (const socket of sockets) socket.destroy();
              }),
          });
        });
      }),
  };
}
