import {
  type ConnectionInput,
  type ConnectionRequest,
  controlConnectionMachine,
} from '../../machines/control-connection/index.ts';
import type { Clock } from '../../machines/ports/clock.ts';
import type { JsonObject } from '../../machines/ports/event-log.ts';
import type { Dialer, Link, LinkMessage } from '../../machines/ports/link.ts';
import { hostMachine } from '../../machines/ports/machine-host.ts';
import {
  type ErrorCode,
  FortnightError,
  isErrorCode,
  toFortnightError,
} from '../../machines/rules/errors.ts';
import { MINUTE_MS, SECOND_MS } from '../../machines/rules/time.ts';
import { tell } from './messages.ts';

export const CONNECTION_DEFAULTS: ConnectionInput = {
  handshakeTimeoutMs: 30 * SECOND_MS,
  heartbeatMs: 30 * SECOND_MS,
  silenceMs: 2 * MINUTE_MS,
  backoffFirstMs: SECOND_MS,
  backoffCapMs: MINUTE_MS,
};

export interface SpConnectionOptions {
  readonly clock: Clock;
  readonly dialer: Dialer;
  readonly address: string;
  readonly input?: ConnectionInput;
  /** Made anew for each connection; may hold a ticket, so it is never logged. */
  readonly hello: () => JsonObject;
  /** `answer` is the SP's header: for a mover, what the SP holds for the scope. */
  /** Proves who we are, for connections that the SP challenges. */
  readonly answerChallenge?: (nonce: string) => string;
  readonly onUp: (answer: JsonObject) => void;
  readonly onDown: () => void;
  readonly onRefused: (code: ErrorCode) => void;
  readonly onMessage: (message: LinkMessage) => void;
  readonly onError: (error: unknown) => void;
}

export interface SpConnection {
  require(): void;
  release(): void;
  /** Rejects with `channel.lost` while the connection is down. */
  send(type: string, header?: JsonObject): Promise<void>;
  isUp(): boolean;
}

/** Runs the control-connection machine over real links: tenant server and direct target movers. */
export function createSpConnection(options: SpConnectionOptions): SpConnection {
  const { clock, dialer } = options;
  let link: Link | null = null;
  let dials = 0;
  let answer: JsonObject = {};
  let isUp = false;

  const read = (from: Link) => (message: LinkMessage) => {
    if (from !== link) return;
    machine.send({ type: 'peer.heard' });
    if (message.type === 'hello.challenge') {
      const proof = options.answerChallenge?.(String(message.header.nonce)) ?? '';
      tell(from, 'hello.proof', { proof });
    } else if (message.type === 'hello.accepted') {
      answer = message.header;
      machine.send({ type: 'hello.accepted' });
    } else if (message.type === 'hello.refused') {
      const { code } = message.header;
      machine.send({ type: 'hello.refused', code: isErrorCode(code) ? code : 'channel.refused' });
    } else if (message.type !== 'heartbeat.ack') {
      options.onMessage(message);
    }
  };

  const dial = async (): Promise<void> => {
    dials += 1;
    const attempt = dials;
    try {
      const opened = await dialer.dial(options.address);
      if (attempt !== dials) {
        opened.close();
        return;
      }
      link = opened;
      opened.onMessage(read(opened));
      opened.onClose(() => {
        if (link !== opened) return;
        link = null;
        machine.send({ type: 'link.lost' });
      });
      machine.send({ type: 'link.opened' });
    } catch (error) {
      if (attempt !== dials) return;
      machine.send({ type: 'link.failed', code: toFortnightError(error, 'channel.lost').code });
    }
  };

  const closeLink = (): void => {
    dials += 1;
    const closing = link;
    link = null;
    closing?.close();
  };

  const perform = (request: ConnectionRequest): void => {
    switch (request.type) {
      case 'link.open':
        void dial();
        return;
      case 'link.close':
        closeLink();
        return;
      case 'hello.send':
        if (link !== null) tell(link, 'hello', options.hello());
        return;
      case 'heartbeat.send':
        if (link !== null) tell(link, 'heartbeat');
        return;
      case 'connection.up':
        isUp = true;
        options.onUp(answer);
        return;
      case 'connection.down':
        isUp = false;
        options.onDown();
        return;
      case 'connection.refused':
        options.onRefused(request.code);
        return;
      default:
        request satisfies never;
    }
  };

  const machine = hostMachine({
    machine: controlConnectionMachine,
    clock,
    input: options.input ?? CONNECTION_DEFAULTS,
    onRequest: perform,
    onError: options.onError,
  });

  return {
    require: () => machine.send({ type: 'connection.required' }),
    release: () => machine.send({ type: 'connection.released' }),
    send: async (type, header = {}) => {
      if (link === null || !isUp) throw new FortnightError('channel.lost');
      await link.send({ type, header });
    },
    isUp: () => isUp,
  };
}
