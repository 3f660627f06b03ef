import type { MoverRole, SessionRequest } from '../../machines/backup-session/index.ts';
import type { ErrorCode } from '../../machines/rules/errors.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../machines/rules/time.ts';
import type { SessionWorld } from './session-world.ts';

type MoverRequest = Extract<SessionRequest, { type: `mover${string}` | `transfer.${string}` }>;

/** Both movers of a session: they start, move `workMs` of work, stop, and break as fated. */
export class SessionEngine {
  readonly #world: SessionWorld;
  readonly ready = new Set<MoverRole>();
  isMoving = false;
  #doneMs = 0;
  #movingSince = 0;
  /** Every start, pause and end makes what was scheduled before void. */
  #turn = 0;
  /** Every order to move makes a drain that is still going on void. */
  #moveCount = 0;

  constructor(world: SessionWorld) {
    this.#world = world;
  }

  kill(): void {
    this.#halt();
    this.ready.clear();
  }

  #halt(): void {
    if (this.isMoving) this.#doneMs += this.#world.clock.now() - this.#movingSince;
    this.isMoving = false;
    this.#turn += 1;
  }

  onRequest(request: MoverRequest): void {
    const world = this.#world;
    const fate = world.nextFate();
    const isLost = fate >= 95;
    switch (request.type) {
      case 'mover.start':
        this.#startMover(request.role, fate);
        return;
      case 'mover.contact':
        if (!isLost) world.laterFromMover(fate < 80 ? 20 : 5 * MINUTE_MS, () => this.makeContact());
        return;
      case 'transfer.start':
      case 'transfer.resume':
        this.#move(fate);
        return;
      case 'transfer.pause':
        if (!isLost) this.#drain(fate < 80 ? 5 : 30 * SECOND_MS);
        return;
      case 'transfer.abort':
        this.#halt();
        if (isLost) return;
        world.laterFromMover(5, () => world.send({ type: 'transfer.failed', code: request.code }));
        return;
      case 'transfer.cleanUp':
        if (!isLost) world.laterFromMover(5, () => world.send({ type: 'transfer.cleaned' }));
        return;
      case 'movers.stop':
        world.stopMovers();
        if (!isLost) world.later(5, () => world.send({ type: 'movers.stopped' }));
        return;
      default:
        request satisfies never;
    }
  }

  #drain(delayMs: number): void {
    const moveCount = this.#moveCount;
    this.#world.laterFromMover(delayMs, () => {
      if (moveCount !== this.#moveCount) return;
      this.#halt();
      this.#world.send({ type: 'transfer.drained' });
    });
  }

  #startMover(role: MoverRole, fate: number): void {
    const world = this.#world;
    if (fate >= 95) return;
    if (fate >= 85) {
      const code: ErrorCode = fate >= 92 ? 'mover.notStarted' : 'mover.exited';
      world.laterFromMover(10, () => world.send({ type: 'mover.failed', role, code }));
      return;
    }
    const isRepeated = fate >= 60 && fate < 70;
    const delayMs = role === 'source' ? 10 : 15;
    const tellReady = (): void => {
      this.ready.add(role);
      world.send({ type: 'mover.ready', role });
    };
    world.laterFromMover(delayMs, tellReady);
    if (isRepeated) world.laterFromMover(delayMs, tellReady);
  }

  makeContact(): void {
    const { provider } = this.#world;
    if (!this.ready.has('target')) return;
    this.#world.isInContact = true;
    const held = { heldGeneration: provider.generation, heldExpiresAt: provider.expiresAt };
    this.#world.send({ type: 'contact.made', ...held });
  }

  #move(fate: number): void {
    const world = this.#world;
    this.#halt();
    this.#moveCount += 1;
    this.isMoving = true;
    this.#movingSince = world.clock.now();
    const turn = this.#turn;
    const leftMs = Math.max(1, world.draw.workMs - this.#doneMs);
    const inThisTurn = (act: () => void) => (): void => {
      if (turn === this.#turn) act();
    };
    const endsAt = world.context.credential?.expiresAt ?? null;
    const untilEndMs = endsAt === null ? Number.POSITIVE_INFINITY : endsAt - world.clock.now();
    const delayMs = Math.floor(leftMs / (1 + (fate % 4)));
    if (fate >= 60 && delayMs < untilEndMs) {
      world.laterFromMover(
        delayMs,
        inThisTurn(() => this.#break(fate)),
      );
    } else if (untilEndMs < leftMs) {
      // C16: the mover's own clock says that the credential has ended.
      world.laterFromMover(
        untilEndMs,
        inThisTurn(() => this.#expire()),
      );
    } else {
      world.laterFromMover(
        leftMs,
        inThisTurn(() => this.#complete()),
      );
    }
  }

  #expire(): void {
    this.#halt();
    this.#world.send({ type: 'transfer.credentialExpired' });
  }

  #complete(): void {
    this.#halt();
    this.#world.send({ type: 'transfer.completed' });
  }

  /** Everything that can go wrong while bytes move. */
  #break(fate: number): void {
    const world = this.#world;
    const fail = (code: ErrorCode): void => {
      this.#halt();
      world.send({ type: 'transfer.failed', code });
    };
    if (fate < 65) fail('link.lost');
    else if (fate < 70) fail('access.denied');
    else if (fate < 73) fail('storage.full');
    else if (fate < 78) this.#expire();
    else if (fate < 83) world.send({ type: 'quota.exhausted' });
    else if (fate < 88) {
      this.kill();
      world.send({ type: 'mover.failed', role: 'target', code: 'mover.exited' });
    } else this.#loseConnection(fate);
  }

  #loseConnection(fate: number): void {
    const world = this.#world;
    const outagesMs = [100, 2 * MINUTE_MS, 9 * MINUTE_MS, HOUR_MS, 2 * DAY_MS];
    world.breakConnection(outagesMs[fate % outagesMs.length] ?? 100);
    // While cut off only granted bytes flow (P8); the turn ends when the session says so.
    if (this.isMoving) this.#completeLater();
  }

  #completeLater(): void {
    const turn = this.#turn;
    const leftMs = Math.max(1, this.#world.draw.workMs - this.#doneMs);
    this.#world.laterFromMover(leftMs, () => {
      if (turn === this.#turn && this.#world.isInContact) this.#complete();
    });
  }
}
