import { Socket } from 'node:net';

type Chunk = Uint8Array | string;

/**
 * Sees what passes the sockets and pipes of this process, which in a lab is everything between the
 * roles and between the SP and the storage. Node only: it stands in front of the stream's methods.
 */
export class SocketTap {
  readonly #chunks: { readonly ports: readonly unknown[]; readonly bytes: Buffer }[] = [];
  readonly #restore: () => void;

  constructor() {
    const { write, push } = Socket.prototype;
    const keep = (socket: Socket, chunk: unknown): void => {
      if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return;
      const ports = [socket.localPort, socket.remotePort];
      this.#chunks.push({ ports, bytes: Buffer.from(chunk as Chunk as Uint8Array) });
    };
    Socket.prototype.write = function (this: Socket, ...input: Parameters<Socket['write']>) {
      keep(this, input[0]);
      return write.apply(this, input);
    } as Socket['write'];
    Socket.prototype.push = function (this: Socket, ...input: Parameters<Socket['push']>) {
      keep(this, input[0]);
      return push.apply(this, input);
    } as Socket['push'];
    this.#restore = () => {
      Socket.prototype.write = write;
      Socket.prototype.push = push;
    };
  }

  /** What passed sockets with this port at either end, or all the others. */
  bytes(choice: { readonly port: number; readonly isAtPort: boolean }): Buffer {
    const chosen = this.#chunks.filter(
      ({ ports }) => ports.includes(choice.port) === choice.isAtPort,
    );
    return Buffer.concat(chosen.map(({ bytes }) => bytes));
  }

  close(): void {
    this.#restore();
  }
}
