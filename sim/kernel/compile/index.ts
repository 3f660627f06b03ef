/**
 * Machines compiled to tables: the same XState definitions, their own guards, assigns and requests
 * called as they are, without XState's interpreter. For fleets and for exhaustive exploration; live
 * runs stay on XState, and a property compares both on every machine.
 *
 * ```ts
 * const program = compileMachine(controlConnectionMachine); // once; CompileRefusal if it cannot
 * const requests = new Requests<ConnectionRequest>();
 * const connection = program.start(input, at, requests); // as the host: input and `startedAt`
 * requests.clear();
 * program.step(connection, { type: 'connection.required', at }, requests);
 * for (const request of requests) answer(request); // or items[0 .. count), which allocates nothing
 * program.states[connection.state]; // 'dialing'; also matches, tagsOf, metaOf, valueOf
 * connection.status === DONE; // then `output`; FAILED: then `error`, and `step` has thrown it
 *
 * const snapshot = program.persist(connection); // what XState's getPersistedSnapshot says
 * createActor(controlConnectionMachine, { snapshot }); // go on with XState, and back:
 * program.restore(actor.getPersistedSnapshot());
 * ```
 *
 * An explorer needs no instance: `program.next(state, context, event, into)` is pure and writes
 * state, context, status and `emitted` into `into` (one `program.emptyStep()` for ever). A context
 * is never changed in place and is the very same object when nothing in it is different.
 *
 * A fleet keeps its machines in `TableHost`s on one `Timeline`: the counterpart of
 * `machines/ports/machine-host.ts` for virtual time, with one heap of timers for all.
 *
 * ```ts
 * const timeline = new Timeline(startAt); // a VirtualClock too
 * const host = new TableHost({ program, timeline, onRequest, onError }); // one a kind of machine
 * const machine = host.startWith(sharedInput); // a number; free again after `stop`
 * host.send(machine, { type: 'connection.required', at: host.now(machine) });
 * const answers = timeline.createBank((place) => host.send(place, answerFor(place)));
 * answers.set(machine, timeline.now() + 10); // a timer without a closure
 * timeline.advanceTo(endAt); // alarms reach the machines by themselves
 * ```
 *
 * Functions of a machine must not take a step of the same kind of machine: `step` says so. Requests
 * are handed over after the step; there everything is allowed.
 *
 * What cannot be done exactly as XState does it is refused with a `CompileRefusal` that names
 * machine, state and feature: parallel and history states, invoked and spawned actors, `after`,
 * delayed raises, messages to actors, `log`, `cancel`, `stateIn`, partial wildcards (`a.*`), routes.
 */
export { ACTIVE, DONE, FAILED, type Status } from './engine.ts';
export type {
  AnyMachine,
  ContextOf,
  EventOf,
  HostInputOf,
  InputOf,
  OutputOf,
  PersistedSnapshot,
  RequestOf,
} from './machine-types.ts';
export { compileMachine, type Instance, type Program, type Step } from './program.ts';
export { CompileRefusal } from './refusal.ts';
export { Requests } from './requests.ts';
export { type NodeClocks, TableHost, type TableHostOptions } from './table-host.ts';
export { Timeline, type TimerBank } from './timeline.ts';
