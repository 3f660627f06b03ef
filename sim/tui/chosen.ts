import type { Frame } from './frame.ts';
import { shownCredentials, shownSessions } from './lists.ts';
import { currentGeneration } from './model/credentials.ts';
import type { CredentialView, SessionView } from './model/types.ts';
import { sessionsInOrder } from './view-model.ts';

/** The row under the cursor; without a choice, or where it is filtered out, the newest session. */
export function chosenSession(frame: Frame): SessionView | null {
  const { view, ui, list } = frame;
  // In the credentials it is the newest session that uses the chosen one.
  if (list === 'credentials' && ui.cursors.credentials !== null) {
    const scope = ui.cursors.credentials;
    const user = sessionsInOrder(view).findLast((session) => session.scope === scope);
    if (user !== undefined) return user;
  }
  const { sessions: cursor } = ui.cursors;
  const chosen = cursor === null ? undefined : view.sessions.get(cursor);
  const isNarrowed = list === 'sessions' && ui.filters.sessions !== undefined;
  const shown = isNarrowed ? shownSessions(frame) : sessionsInOrder(view);
  if (chosen !== undefined && (!isNarrowed || shown.includes(chosen))) return chosen;
  return shown.at(-1) ?? null;
}

/** In the credentials the row under the cursor, elsewhere the one that the chosen session uses. */
export function chosenCredential(frame: Frame): CredentialView | null {
  const all = shownCredentials(frame);
  const used = frame.view.credentials.get(chosenSession(frame)?.scope ?? '');
  if (frame.list !== 'credentials' && used !== undefined && currentGeneration(used) !== null) {
    return used;
  }
  const found = frame.view.credentials.get(frame.ui.cursors.credentials ?? '');
  if (found !== undefined && all.includes(found)) return found;
  return all.find((one) => currentGeneration(one) !== null) ?? all[0] ?? null;
}
