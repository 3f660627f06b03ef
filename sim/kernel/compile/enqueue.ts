import { CollectGiven, type Given } from './given.ts';
import { compileGuard, isPassed, type Place, refuse } from './guards.ts';
import type { AnyEvent } from './machine-types.ts';
import {
  asFunction,
  assignOperation,
  compileAction,
  emitOperation,
  type Operation,
  raiseOperation,
} from './operations.ts';
import type { Requests } from './requests.ts';

const REFUSED = ['cancel', 'sendTo', 'sendParent', 'spawnChild', 'stopChild'] as const;

/**
 * What `enqueueActions` hands to its callback, and what the callback has asked for. One for a
 * machine: callbacks run one at a time. What is emitted as an object goes straight to its place
 * while nothing else waits before it, because nothing can come between.
 */
export class Enqueue {
  pending: Operation[] = [];
  readonly #place: Place;
  readonly #call: unknown;
  readonly #check: (guard: unknown) => boolean;
  #emitted: Requests<unknown> | null = null;
  #given: Given | null = null;

  constructor(place: Place) {
    this.#place = place;
    this.#check = (guard) => {
      if (this.#given === null) refuse(place, 'check after its enqueueActions has returned');
      return isPassed(compileGuard(guard, place), this.#given);
    };
    this.#call = Object.assign((action: unknown): void => this.#add(compileAction(action, place)), {
      assign: (assignment: unknown): void => this.#add(assignOperation(assignment)),
      emit: (event: unknown): void => this.#emit(event),
      raise: (event: unknown, options?: { readonly delay?: unknown }): void =>
        this.#add(raiseOperation(event, options?.delay, place)),
      ...Object.fromEntries(
        REFUSED.map((name) => [name, (): never => refuse(place, `enqueue.${name}()`)]),
      ),
    });
  }

  /** What the next callback is called with; `close` ends its time. */
  open(context: unknown, event: AnyEvent, emitted: Requests<unknown>): Given {
    const given = new CollectGiven(context, event, this.#call, this.#check);
    this.#emitted = emitted;
    this.#given = given;
    // A callback that threw has left what it had asked for.
    if (this.pending.length > 0) this.pending = [];
    return given;
  }

  close(): void {
    this.#emitted = null;
    this.#given = null;
  }

  takePending(): readonly Operation[] {
    const taken = this.pending;
    this.pending = [];
    return taken;
  }

  #add(operation: Operation): void {
    if (this.#emitted === null) {
      refuse(this.#place, 'enqueue after its enqueueActions has returned');
    }
    this.pending.push(asFunction(operation));
  }

  #emit(event: unknown): void {
    if (this.#emitted !== null && this.pending.length === 0 && typeof event !== 'function') {
      this.#emitted.add(event);
    } else this.#add(emitOperation(event));
  }
}
