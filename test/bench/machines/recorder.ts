import type { Clock } from '../../../machines/ports/clock.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';

/** One event as a machine got it, with its instant. */
export type StampedEvent = { readonly type: string; readonly at: EpochMs };

/** Counts the events that a hosted machine takes; keeps them only when a replay needs them. */
export class Recorder {
  /** Everything that the machine has taken; empty where only the number is asked for. */
  readonly events: StampedEvent[] = [];
  count = 0;
  readonly #keepsEvents: boolean;

  constructor(keepsEvents: boolean) {
    this.#keepsEvents = keepsEvents;
  }

  note(event: StampedEvent): void {
    this.count += 1;
    if (this.#keepsEvents) this.events.push(event);
  }

  /** The clock for the machine's host: alarms reach the machine through it, so they count too. */
  listenTo(clock: Clock, deadlines: () => Readonly<Record<string, EpochMs | null>>): Clock {
    const onAlarm = (dueAt: EpochMs): void => {
      if (!this.#keepsEvents) {
        this.count += 1;
        return;
      }
      const name = Object.entries(deadlines()).find(([, at]) => at === dueAt)?.[0];
      this.note({ type: `alarm.${name}`, at: clock.now() });
    };
    return {
      now: () => clock.now(),
      wakeAt: (dueAt, wake) =>
        clock.wakeAt(dueAt, () => {
          onAlarm(dueAt);
          wake();
        }),
    };
  }
}
