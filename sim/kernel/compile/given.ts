import type { AnyEvent } from './machine-types.ts';

/**
 * What a machine's guards, assigns and expressions are called with. A table has no actor, so what
 * only an actor has is refused when it is touched instead of being `undefined`.
 */
export class Given {
  readonly context: unknown;
  readonly event: AnyEvent;

  constructor(context: unknown, event: AnyEvent) {
    this.context = context;
    this.event = event;
  }

  get self(): never {
    throw new Error('a compiled machine is not an actor: it has no "self"');
  }
  get system(): never {
    throw new Error('a compiled machine is not an actor: it has no "system"');
  }
  get spawn(): never {
    throw new Error('a compiled machine cannot spawn actors');
  }
}

/** What `enqueueActions` gives besides. */
export class CollectGiven extends Given {
  readonly enqueue: unknown;
  readonly check: (guard: unknown) => boolean;

  constructor(
    context: unknown,
    event: AnyEvent,
    enqueue: unknown,
    check: (guard: unknown) => boolean,
  ) {
    super(context, event);
    this.enqueue = enqueue;
    this.check = check;
  }
}
