import type { Choice, HubLogic, Notes, Outlook, Upkeep } from './cell.ts';
import type { ConnectionMessage } from './connection-cell.ts';
import type { ConnectionSettings } from './settings.ts';

/** To the SP's door; `connection` is filled in on the way. */
export type DoorMessage =
  | Upkeep
  | { readonly type: 'hello'; readonly connection: number }
  | { readonly type: 'refusing'; readonly is: boolean }
  | { readonly type: 'crash' };

export interface DoorLocal {
  /** It says no to everybody who comes now: maintenance, a certificate that is over (F43). */
  readonly isRefusing: boolean;
}

/** The SP behind the cloud gateway, as far as a connection can see it. */
export class DoorCell implements HubLogic<DoorLocal, DoorMessage, ConnectionMessage> {
  readonly who = 'SP';
  readonly steppers = [];
  readonly initial: DoorLocal = { isRefusing: false };
  readonly #settings: ConnectionSettings;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  key({ isRefusing }: DoorLocal): string {
    return String(isRefusing);
  }

  placed(message: DoorMessage, connection: number): DoorMessage {
    return message.type === 'hello' ? { type: 'hello', connection } : message;
  }

  /** It keeps nothing by place. */
  permuted(): DoorMessage {
    return { type: 'elapse', ms: 0 };
  }

  take(local: DoorLocal, message: DoorMessage, notes: Notes<ConnectionMessage>): DoorLocal {
    switch (message.type) {
      case 'hello': {
        const answer = { type: 'answered', isYes: !local.isRefusing } as const;
        notes.sendings.push({ to: message.connection, message: answer });
        return local;
      }
      case 'refusing':
        return { isRefusing: message.is };
      case 'crash':
        notes.sendings.push({ to: 'spokes', message: { type: 'lost' } });
        return local;
      case 'elapse':
      case 'renumber':
        return local;
      default:
        return message satisfies never;
    }
  }

  choices({ isRefusing }: DoorLocal): readonly Choice<DoorMessage>[] {
    const { faults } = this.#settings;
    const choices: Choice<DoorMessage>[] = [];
    if (faults.includes('crash'))
      choices.push({ message: { type: 'crash' }, kind: 'fault', cost: 1 });
    if (isRefusing) {
      choices.push({ message: { type: 'refusing', is: false }, kind: 'answer', cost: 0 });
    } else if (faults.includes('refusal')) {
      choices.push({ message: { type: 'refusing', is: true }, kind: 'fault', cost: 1 });
    }
    return choices;
  }

  outlook(): Outlook {
    return {
      generations: 0,
      isUrgent: false,
      boundaryMs: Number.POSITIVE_INFINITY,
      waitMaxMs: Number.POSITIVE_INFINITY,
      isBusy: false,
    };
  }

  titleOf(_local: DoorLocal, message: DoorMessage): string {
    if (message.type !== 'refusing') return message.type;
    return message.is ? 'says no from now on' : 'says yes again';
  }
}
