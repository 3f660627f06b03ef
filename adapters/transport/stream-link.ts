import type { Readable, Writable } from 'node:stream';
import type { Link, LinkMessage } from '../../machines/ports/link.ts';
import { FortnightError, toFortnightError } from '../../machines/rules/errors.ts';
import { encodeFrame, FrameDecoder } from './frames.ts';

/**
 * A link over a pair of byte streams: a socket (the same object twice) or a child's stdin and
 * stdout. Reading stops while the reader's promise is pending and writing waits for `drain`, so
 * that a slow end slows the other end and memory stays bounded.
 */
export class StreamLink implements Link {
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #decoder = new FrameDecoder();
  readonly #closeListeners: ((reason: string) => void)[] = [];
  #reader: ((message: LinkMessage) => void | Promise<void>) | null = null;
  #isPumping = false;
  #hasEnded = false;
  #closedBecause: string | null = null;
  #drained: Promise<void> | null = null;
  #refuseDrain: ((error: FortnightError) => void) | null = null;

  constructor(input: Readable, output: Writable) {
    this.#input = input;
    this.#output = output;
    input.on('data', (chunk: Buffer) => {
      if (this.#closedBecause !== null) return;
      this.#decoder.push(chunk);
      if (this.#reader === null || this.#isPumping) input.pause();
      void this.#pump();
    });
    input.on('end', () => this.#finish('the other side closed the connection'));
    input.on('close', () => this.#finish('the connection was closed'));
    for (const stream of new Set([input, output])) {
      stream.on('error', (error: NodeJS.ErrnoException) =>
        this.#finish(`the connection failed (${error.code ?? error.name})`),
      );
    }
  }

  async send(message: LinkMessage): Promise<void> {
    if (this.#closedBecause !== null) throw new FortnightError('link.lost', this.#closedBecause);
    const parts = encodeFrame(message);
    let hasRoom = true;
    // One system call for the header and its payload.
    this.#output.cork();
    for (const part of parts) hasRoom = this.#output.write(part);
    this.#output.uncork();
    if (!hasRoom) await this.#drain();
  }

  onMessage(reader: (message: LinkMessage) => void | Promise<void>): void {
    this.#reader = reader;
    void this.#pump();
  }

  onClose(listener: (reason: string) => void): void {
    if (this.#closedBecause !== null) listener(this.#closedBecause);
    else this.#closeListeners.push(listener);
  }

  close(reason = 'this side closed the connection'): void {
    this.#close(reason);
  }

  /** All writers that find the buffer full wait for the same `drain`. */
  #drain(): Promise<void> {
    this.#drained ??= new Promise<void>((resolve, reject) => {
      this.#refuseDrain = reject;
      this.#output.once('drain', () => {
        this.#drained = null;
        this.#refuseDrain = null;
        resolve();
      });
    });
    return this.#drained;
  }

  /** What arrived before the end is still delivered; only then is the link closed. */
  #finish(reason: string): void {
    this.#hasEnded = true;
    if (!this.#isPumping) this.#close(reason);
  }

  async #pump(): Promise<void> {
    if (this.#reader === null || this.#isPumping) return;
    this.#isPumping = true;
    try {
      for (let message = this.#decoder.next(); message !== null; message = this.#decoder.next()) {
        if (this.#closedBecause !== null) return;
        await this.#reader(message);
      }
      this.#input.resume();
    } catch (error) {
      this.#close(toFortnightError(error).message);
    } finally {
      this.#isPumping = false;
    }
    if (this.#hasEnded) this.#close('the other side closed the connection');
  }

  #close(reason: string): void {
    if (this.#closedBecause !== null) return;
    this.#closedBecause = reason;
    this.#refuseDrain?.(new FortnightError('link.lost', reason));
    this.#output.end();
    // What was written goes out; a peer that never reads must not keep this side open.
    this.#input.resume();
    if ((this.#input as unknown) === this.#output) {
      this.#output.once('finish', () => this.#input.destroy());
    }
    for (const listener of this.#closeListeners.splice(0)) listener(reason);
  }
}
