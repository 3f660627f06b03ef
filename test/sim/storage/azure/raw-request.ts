import { connect } from 'node:net';

export interface RawReply {
  /** 0 when the line was cut. */
  status: number;
  code: string;
  text: string;
}

/** Sends bytes as they are, for targets that `new URL` would tidy up, and reads one reply. */
export function sendBytes(port: number, bytes: Buffer): Promise<RawReply> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const finish = (): void => {
      socket.destroy();
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
      const code = /^x-ms-error-code: (.*)\r$/im.exec(text)?.[1] ?? '';
      resolve({ status, code, text });
    };
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.on('error', finish);
    socket.on('close', finish);
    socket.write(bytes);
  });
}

export function rawRequest(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
  body: Buffer = Buffer.alloc(0),
): Buffer {
  const all: Record<string, string> = {
    host: '127.0.0.1',
    connection: 'close',
    ...(body.length > 0 ? { 'content-length': String(body.length) } : {}),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

export function rawGet(
  port: number,
  target: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawReply> {
  return sendBytes(port, rawRequest('GET', target, headers));
}
