import type {
  SessionContext,
  SessionEvent,
  SessionRequest,
} from '../../machines/backup-session/index.ts';
import { isExpired } from '../../machines/rules/renewal.ts';
import type { SessionWorld } from './session-world.ts';

/** Sees every event and request of a session and throws, with the rule's id, when one is broken. */
export class SessionWatch {
  readonly #world: SessionWorld;
  readonly #forcedFor = new Set<number>();
  /** A forced check whose answer went down with the connection may be asked for again. */
  #unansweredForced: number | null = null;
  #event: SessionEvent | null = null;
  /** Since the movers were last stopped, in order. */
  #steps: string[] = [];
  #faultCount = 0;
  #contactCount = 0;
  #pauseCount = 0;
  #outcome: string | null = null;
  #routeText: string | null = null;
  #isClosed = false;
  #generation = 0;
  #deniedCount = 0;
  #state = '';

  constructor(world: SessionWorld) {
    this.#world = world;
  }

  get #isDirect(): boolean {
    return this.#world.draw.route.dataPath === 'direct';
  }

  onFault(): void {
    this.#faultCount += 1;
  }

  onEvent(event: SessionEvent): void {
    this.#event = event;
    if (event.type === 'mover.ready') this.#steps.push(`${event.role} ready`);
    if (event.type === 'credential.delivered') this.#steps.push('credential');
    if (event.type === 'session.paused') this.#pauseCount += 1;
    if (event.type === 'credential.delivered') this.#unansweredForced = null;
    if (event.type === 'transfer.failed' && event.code === 'access.denied') this.#deniedCount += 1;
    if (event.type === 'contact.lost' && this.#unansweredForced !== null) {
      this.#forcedFor.delete(this.#unansweredForced);
    }
    if (event.type !== 'contact.made') return;
    this.#steps.push('contact');
    this.#contactCount += 1;
    const { generation } = this.#world.provider;
    // Two reconnects a generation (margin, end), one more for each thing that went wrong.
    const contactCountMax = 2 * (generation + 1) + 2 * this.#faultCount + this.#pauseCount + 3;
    if (this.#contactCount > contactCountMax) {
      throw new Error(`C20: ${this.#contactCount} contacts for ${generation} generations: a loop`);
    }
  }

  onRequest(request: SessionRequest): void {
    if (this.#isClosed && request.type !== 'session.close') {
      throw new Error(`I71: ${request.type} after the end`);
    }
    switch (request.type) {
      case 'mover.start':
        this.#onMoverStart(request);
        return;
      case 'credential.checked':
      case 'credential.request':
        this.#onCheck(request);
        return;
      case 'transfer.start':
        this.#assertOrder();
        this.#assertMayMove();
        return;
      case 'transfer.resume':
        this.#assertMayMove();
        return;
      case 'movers.stop':
        this.#steps = [];
        return;
      case 'session.close':
        this.#isClosed = true;
        return;
      default:
        return;
    }
  }

  /** I13, I14, M8: on the hosts of the route; P2, P6: the target after the source is ready. */
  #onMoverStart({ role, host }: Extract<SessionRequest, { type: 'mover.start' }>): void {
    const { route } = this.#world.draw;
    if (host !== (role === 'source' ? route.sourceHost : route.targetHost)) {
      throw new Error(`I13: the ${role} mover on ${host}`);
    }
    if (!this.#isDirect && role === 'target' && !this.#steps.includes('source ready')) {
      throw new Error('I15: P2 starts the target mover after the source mover');
    }
    if (this.#steps.includes(`${role} start`)) throw new Error(`I15: two ${role} movers`);
    this.#steps.push(`${role} start`);
  }

  #onCheck(request: SessionRequest): void {
    const trigger = this.#event?.type;
    if (!this.#isDirect) throw new Error('I2: a credential is asked for on a gateway route');
    if (trigger !== 'contact.made' && trigger !== 'alarm.heartbeat') {
      throw new Error(`I27: ${request.type} at ${trigger}`);
    }
    if (request.type !== 'credential.request' || request.trigger !== 'forced') return;
    const { generation } = this.#world.provider;
    if (this.#forcedFor.has(generation)) throw new Error('C20: a second forced check');
    this.#forcedFor.add(generation);
    this.#unansweredForced = generation;
  }

  /** I15: P2, P3, P6 in this order, among all that happened since the movers were stopped. */
  #assertOrder(): void {
    const wanted = this.#isDirect
      ? ['target start', 'target ready', 'contact', 'credential']
      : ['source start', 'source ready', 'target start', 'target ready'];
    let reached = 0;
    for (const step of this.#steps) if (step === wanted[reached]) reached += 1;
    const isInOrder = reached === wanted.length;
    const isSourceFirst = this.#steps.indexOf('source ready') < this.#steps.lastIndexOf('contact');
    if (!isInOrder || (this.#isDirect && !isSourceFirst)) {
      throw new Error(`I15: transfer.start after ${this.#steps.join(', ')}`);
    }
  }

  #assertMayMove(): void {
    const { engine, context, clock, isInContact } = this.#world;
    if (!this.#steps.includes('source ready') || !this.#steps.includes('target ready')) {
      throw new Error('P7: bytes move before both movers are ready');
    }
    if (engine.ready.size < 2) throw new Error('P7: bytes are to move without their movers');
    if (!this.#isDirect) return;
    if (!isInContact) throw new Error('P8: the transfer goes on without contact');
    const event = this.#event;
    const credential = event?.type === 'credential.delivered' ? event : context.credential;
    if (credential === null) throw new Error('P7: bytes move without a credential');
    if (credential.expiresAt !== null && isExpired(credential.expiresAt, clock.now())) {
      throw new Error('C16: a transfer goes on with an expired credential');
    }
  }

  onState(state: string, context: SessionContext, status: string): void {
    const { route, outcome, credential, input } = context;
    if (route !== null) {
      const text = JSON.stringify(route);
      if (this.#routeText !== null && this.#routeText !== text) throw new Error('I16: new route');
      this.#routeText = text;
    }
    if (outcome !== null) {
      const text = JSON.stringify(outcome);
      if (this.#outcome !== null && this.#outcome !== text) throw new Error('I71: new outcome');
      this.#outcome = text;
    }
    if (state === 'active.running' && (credential?.expiresAt ?? null) !== null) {
      const expiresAt = credential?.expiresAt ?? 0;
      if (this.#world.clock.now() > expiresAt) throw new Error('C15: running past the expiry');
      const stopAt = expiresAt - (context.isMarginSpent ? 0 : input.marginMs);
      if (input.inSession !== 'strict' && this.#world.clock.now() > stopAt) {
        const isJustDelivered = this.#event?.type === 'credential.delivered';
        if (!isJustDelivered) throw new Error('C15: running past the margin');
      }
    }
    if (credential !== null && credential.generation < this.#generation) {
      throw new Error(`I32: from generation ${this.#generation} to ${credential.generation}`);
    }
    this.#generation = credential?.generation ?? 0;
    if (context.restarts > input.restartsMax + this.#deniedCount) {
      throw new Error(`F1: ${context.restarts} restarts`);
    }
    this.#assertStep(this.#state, state, context);
    this.#state = state;
    if (status === 'done') this.#isClosed = true;
  }

  /** What must follow from the last event in the state in which it came. */
  #assertStep(before: string, after: string, { input, outcome }: SessionContext): void {
    const type = this.#event?.type;
    const isStrictEnd = type === 'transfer.credentialExpired' && input.inSession === 'strict';
    if (before === 'active.running' && isStrictEnd && !after.startsWith('ending.')) {
      throw new Error('C15: strict, and the session outlives its credential');
    }
    const isQuotaAborted = type === 'transfer.failed' && outcome?.code === 'quota.exceeded';
    if (before === 'ending.aborting' && isQuotaAborted && after !== 'ending.cleaningUp') {
      throw new Error('Q3: what the session wrote is not cleaned up');
    }
  }
}
