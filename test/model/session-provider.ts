import type { SessionRequest } from '../../machines/backup-session/index.ts';
import { checkRenewal, isExpired, type RenewalLine } from '../../machines/rules/renewal.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../machines/rules/time.ts';
import type { SessionFact, SessionWorld } from './session-world.ts';
import { START } from './start.ts';

type ProviderRequest = Extract<
  SessionRequest,
  {
    type: 'channel.require' | 'session.open' | 'credential.request' | 'quota.ask' | 'session.close';
  }
>;
type CredentialRequest = Extract<SessionRequest, { type: 'credential.request' }>;

/** The SP and the way to it, as far as a session sees them. */
export class SessionProvider {
  readonly #world: SessionWorld;
  generation = 0;
  expiresAt: number | null = null;
  #lastDelivered: SessionFact | null = null;

  constructor(world: SessionWorld) {
    this.#world = world;
    const { heldLeftMs, route } = world.draw;
    if (route.credential === 'shared') {
      this.generation = 1;
    } else if (heldLeftMs !== null && route.credential !== 'none') {
      this.generation = 1;
      this.expiresAt = START + heldLeftMs;
    }
  }

  get #lifetimeMs(): number {
    return this.#world.draw.route.credential === 'sas' ? 30 * DAY_MS : 14 * DAY_MS;
  }
  get line(): RenewalLine {
    const isSas = this.#world.draw.route.credential === 'sas';
    return { renewBelowMs: isSas ? 15 * DAY_MS : 24 * HOUR_MS, includesLine: false };
  }

  onRequest(request: ProviderRequest): void {
    const world = this.#world;
    const fate = world.nextFate();
    const isLost = fate >= 95;
    const delayMs = fate < 80 ? 10 : 20_000;
    switch (request.type) {
      case 'channel.require':
        // Down for longer than any budget, rarely; else it is up, or comes up when it is healed.
        if (!isLost && world.isChannelUp)
          world.later(delayMs, () => world.send({ type: 'channel.up' }));
        return;
      case 'session.open':
        if (isLost) return;
        if (fate >= 90) {
          world.later(delayMs, () =>
            world.send({ type: 'session.refused', code: 'maintenance.mode' }),
          );
          return;
        }
        for (let copies = fate >= 60 && fate < 70 ? 2 : 1; copies > 0; copies -= 1) {
          const opened = { route: world.draw.route, check: world.tenantCheck };
          world.later(delayMs * copies, () => world.send({ type: 'session.opened', ...opened }));
        }
        return;
      case 'credential.request':
        this.#onCredentialRequest(request, fate);
        return;
      case 'quota.ask':
        if (!isLost)
          world.later(fate < 80 ? 10 * MINUTE_MS : DAY_MS, () =>
            world.send({ type: 'quota.raised' }),
          );
        return;
      case 'session.close':
        if (!isLost) world.later(delayMs, () => world.send({ type: 'session.closed' }));
        return;
      default:
        request satisfies never;
    }
  }

  /** C2, C3, C11, C17: as the lifecycle machine decides it, in short. */
  #onCredentialRequest(request: CredentialRequest, fate: number): void {
    const world = this.#world;
    if (fate >= 95) {
      world.later(10, () => world.breakConnection(MINUTE_MS));
      return;
    }
    if (fate >= 90) {
      const code = fate >= 93 ? 'tenant.disabled' : 'issuer.unavailable';
      world.later(10, () => world.send({ type: 'credential.refused', code }));
      return;
    }
    const now = world.clock.now() - world.draw.spBehindMs;
    const isAbsent = this.generation === 0;
    const isEnded = this.expiresAt !== null && isExpired(this.expiresAt, now);
    const isBySp = world.draw.route.credential === 'sas' || request.trigger === 'forced';
    const saysRenew = isBySp
      ? this.expiresAt !== null && checkRenewal(this.expiresAt, now, this.line).decision === 'renew'
      : request.renew && request.heldGeneration === this.generation;
    const isDegraded = saysRenew && !isEnded && fate >= 80;
    if (isAbsent || isEnded || (saysRenew && !isDegraded)) {
      this.generation += 1;
      this.expiresAt = now + this.#lifetimeMs;
    }
    const { generation, expiresAt } = this;
    const delivered: SessionFact = {
      type: 'credential.delivered',
      generation,
      expiresAt,
      degraded: isDegraded,
    };
    const stale = this.#lastDelivered;
    // F25: an old delivery comes once more, before or after the new one; F24: or the new one twice.
    const staleAfterMs = fate < 75 ? 20 : 40;
    if (fate >= 70 && fate < 80 && stale !== null) {
      world.later(staleAfterMs, () => world.send(stale));
    }
    world.later(30, () => world.send(delivered));
    if (fate >= 60 && fate < 70) world.later(90, () => world.send(delivered));
    this.#lastDelivered = delivered;
  }
}
