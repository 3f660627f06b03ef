import type { ScopeMessage } from './messages.ts';
import type { ScopeLocal } from './scope-cell.ts';

/** What happens at the SP, in a few words. */
export function scopeTitle(local: ScopeLocal, message: ScopeMessage): string {
  const call = 'index' in message ? local.calls[message.index] : undefined;
  const what = call === undefined ? '' : `${call.kind} of generation ${call.generation}`;
  switch (message.type) {
    case 'succeed':
      return `${what} succeeds`;
    case 'fail':
      return `${what} fails: ${message.code}`;
    case 'alarm':
      return `alarm ${message.name}`;
    case 'crash':
      return `crashes and starts again${message.landed ? '; what was being saved is saved' : ''}`;
    default:
      return message.type;
  }
}
