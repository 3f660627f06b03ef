import { describe, expect, test } from 'vitest';
import type { Link, LinkMessage } from '../../machines/ports/link.ts';

/** Two joined ends; `close` takes away what carries them. */
export interface LinkWorld {
  readonly near: Link;
  readonly far: Link;
  close(): Promise<void>;
}

const PAYLOAD_BYTES = 1024 * 1024;
/** More than any pipe, socket buffer or inbox holds. */
const FLOOD = 64;

function numbered(number: number, payloadBytes = 0): LinkMessage {
  const header = { number };
  if (payloadBytes === 0) return { type: 'numbered', header };
  return { type: 'numbered', header, payload: new Uint8Array(payloadBytes).fill(number) };
}

/** Lets everything go on that needs no time of its own. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

function closing(link: Link): Promise<string> {
  return new Promise((resolve) => link.onClose(resolve));
}

/** What `machines/ports/link.ts` promises; held against every kind of link. */
export function linkContract(name: string, open: () => Promise<LinkWorld>): void {
  const withWorld = (body: (world: LinkWorld) => Promise<void>) => async () => {
    const world = await open();
    try {
      await body(world);
    } finally {
      await world.close();
    }
  };

  describe(`link contract: ${name}`, () => {
    test(
      'messages arrive in order, both ways, with their headers and bytes',
      withWorld(async ({ near, far }) => {
        const sent = Array.from({ length: 40 }, (_, number) => numbered(number, number * 1_000));
        for (const [from, to] of [
          [near, far],
          [far, near],
        ] as const) {
          const arrived: LinkMessage[] = [];
          const all = new Promise<void>((resolve) =>
            to.onMessage((message) => {
              arrived.push(message);
              if (arrived.length === sent.length) resolve();
            }),
          );
          for (const message of sent) await from.send(message);
          await all;
          expect(arrived.map(({ header }) => header.number)).toEqual(
            sent.map(({ header }) => header.number),
          );
          expect(arrived.every(({ type }) => type === 'numbered')).toBe(true);
          for (const [index, { payload }] of arrived.entries()) {
            expect(Buffer.from(payload ?? []).equals(Buffer.from(sent[index]?.payload ?? []))).toBe(
              true,
            );
          }
        }
      }),
    );

    test(
      'a payload of 20 MiB arrives whole',
      withWorld(async ({ near, far }) => {
        const payload = new Uint8Array(20 * PAYLOAD_BYTES);
        for (let at = 0; at < payload.length; at += 4_093) payload[at] = at & 0xff;
        const arrived = new Promise<LinkMessage>((resolve) => far.onMessage(resolve));
        await near.send({ type: 'large', header: {}, payload });
        const message = await arrived;
        expect(Buffer.compare(message.payload ?? new Uint8Array(), payload)).toBe(0);
      }),
    );

    test(
      'the next message waits for the promise of the last one',
      withWorld(async ({ near, far }) => {
        let running = 0;
        let most = 0;
        const all = new Promise<void>((resolve) =>
          far.onMessage(async ({ header }) => {
            running += 1;
            most = Math.max(most, running);
            await turns(2);
            running -= 1;
            if (header.number === 9) resolve();
          }),
        );
        for (let number = 0; number < 10; number += 1) await near.send(numbered(number));
        await all;
        expect(most).toBe(1);
      }),
    );

    test(
      'back-pressure: a reader that stands still bounds what the sender can push',
      withWorld(async ({ near, far }) => {
        let release = (): void => {};
        const held = new Promise<void>((resolve) => {
          release = resolve;
        });
        const arrived: unknown[] = [];
        const all = new Promise<void>((resolve) =>
          far.onMessage(async ({ header }) => {
            arrived.push(header.number);
            await held;
            if (arrived.length === FLOOD) resolve();
          }),
        );
        let pushed = 0;
        const pushing = (async () => {
          for (; pushed < FLOOD; pushed += 1) await near.send(numbered(pushed, PAYLOAD_BYTES));
        })();
        // A busy machine takes its time until the first one is there.
        while (arrived.length === 0) await turns(100);
        await turns(3_000);
        expect(arrived).toEqual([0]);
        expect(pushed).toBeLessThan(FLOOD / 2);
        release();
        await pushing;
        await all;
        expect(arrived).toEqual(Array.from({ length: FLOOD }, (_, number) => number));
      }),
    );

    test(
      'a close delivers what was sent before it, and then tells the other side once',
      withWorld(async ({ near, far }) => {
        for (let number = 0; number < 5; number += 1) {
          near.send(numbered(number, 1_000)).catch(() => {});
        }
        near.close('enough');
        const arrived: unknown[] = [];
        const reasons: string[] = [];
        far.onClose((reason) => reasons.push(reason));
        const ended = closing(far);
        far.onMessage(async ({ header }) => {
          await turns(1);
          arrived.push(header.number);
        });
        await ended;
        far.close('again');
        await turns(5);
        expect(arrived).toEqual([0, 1, 2, 3, 4]);
        expect(reasons).toHaveLength(1);
        expect(await closing(near)).toBe('enough');
      }),
    );

    test(
      'sending after the close rejects with link.lost, on both sides',
      withWorld(async ({ near, far }) => {
        far.onMessage(() => {});
        const ended = closing(far);
        near.close();
        await ended;
        await expect(near.send(numbered(1))).rejects.toMatchObject({ code: 'link.lost' });
        await expect(far.send(numbered(1))).rejects.toMatchObject({ code: 'link.lost' });
      }),
    );

    test(
      'a send that waits for room rejects when the link closes',
      withWorld(async ({ near, far }) => {
        far.onMessage(() => new Promise(() => {}));
        const flood = (async () => {
          for (;;) await near.send(numbered(1, PAYLOAD_BYTES));
        })();
        flood.catch(() => {});
        await turns(1_000);
        near.close();
        await expect(flood).rejects.toMatchObject({ code: 'link.lost' });
      }),
    );

    test(
      'a reader that rejects closes the link, and nothing more is read',
      withWorld(async ({ near, far }) => {
        let reads = 0;
        far.onMessage(async () => {
          reads += 1;
          throw new Error('will not read');
        });
        near.onMessage(() => {});
        const ended = Promise.all([closing(far), closing(near)]);
        near.send(numbered(1)).catch(() => {});
        near.send(numbered(2)).catch(() => {});
        await ended;
        expect(reads).toBe(1);
      }),
    );
  });
}
