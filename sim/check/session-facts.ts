import type { LogEvent } from '../../machines/ports/event-log.ts';
import { emptyNotes } from './checker.ts';
import { asText } from './facts.ts';
import type { ScopeFacts } from './scope-facts.ts';

/** What the log has told about one session so far, kept once for all checkers. */
export class SessionFacts {
  readonly id: string;
  started: LogEvent | null = null;
  /** The first route that was selected: the one that must stay (M8). */
  route: LogEvent | null = null;
  /** The first end. */
  ended: LogEvent | null = null;
  /** The last `session.state`. */
  state: LogEvent | null = null;
  lastFact: LogEvent | null = null;
  scope: ScopeFacts | null = null;
  operation: string | null = null;
  dataPath: string | null = null;
  storage: string | null = null;
  endState: string | null = null;
  /** Facts that wait until start and route are known; null as soon as nothing waits any more. */
  waiting: LogEvent[] | null = [];
  readonly notes: unknown[] = emptyNotes();

  constructor(id: string) {
    this.id = id;
  }

  get isPlaced(): boolean {
    return this.started !== null && this.route !== null;
  }

  get isAzure(): boolean {
    return this.storage === 'azure';
  }

  start(event: LogEvent, scope: ScopeFacts | null): void {
    if (this.started !== null) return;
    this.started = event;
    this.scope = scope;
    this.operation = asText(event.data.operation);
    this.#tellScope();
  }

  place(event: LogEvent): void {
    if (this.route !== null) return;
    this.route = event;
    this.dataPath = asText(event.data.dataPath);
    this.storage = asText(event.data.storage);
    this.#tellScope();
  }

  end(event: LogEvent): void {
    if (this.ended !== null) return;
    this.ended = event;
    this.endState = asText(event.data.state);
  }

  #tellScope(): void {
    if (this.scope !== null && this.storage !== null) this.scope.storage = this.storage;
  }
}
