import { isExpired } from '../../../machines/rules/renewal.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';
import { currentGeneration, olderAlive } from '../model/credentials.ts';
import { standingWords } from '../model/next.ts';
import type { CredentialView, GenerationView, SessionView } from '../model/types.ts';
import type { Signs } from '../theme.ts';
import { instantWords, roughDuration, thresholdWords } from '../words.ts';
import { lifeBar, lifeRole } from './life-bar.ts';
import { cutLine, highlighted, type Line, line, span, spread } from './lines.ts';

interface CredentialOptions {
  readonly sessions: readonly SessionView[];
  readonly chosen: CredentialView | null;
  readonly now: EpochMs;
  readonly width: number;
  readonly height: number;
  readonly signs: Signs;
}

/** Every credential as a block: name, life bar with the renewal line, older generations (C13). */
export function credentialLines(
  credentials: readonly CredentialView[],
  options: CredentialOptions,
): readonly Line[] {
  if (credentials.length === 0) {
    return [line(span('No credential was issued yet: gateway routes need none (C7).', 'dim'))];
  }
  const { chosen, height } = options;
  const at = Math.max(0, chosen === null ? 0 : credentials.indexOf(chosen));
  // Only the blocks in sight are made: upwards to half the height, then down to its end.
  const above: Line[][] = [];
  let lineCount = 0;
  for (let index = at - 1; index >= 0 && lineCount < Math.floor(height / 2); index -= 1) {
    const block = [...blockLines(credentials[index] as CredentialView, options)];
    above.unshift(block);
    lineCount += block.length;
  }
  const lines = above.flat();
  for (let index = at; index < credentials.length && lines.length < height; index += 1) {
    const block = blockLines(credentials[index] as CredentialView, options);
    // The chosen block is whole, whatever stands above it.
    if (index === at) lines.splice(0, Math.max(0, lines.length + block.length - height));
    lines.push(...block);
  }
  return lines.slice(0, height);
}

function blockLines(credential: CredentialView, options: CredentialOptions): readonly Line[] {
  const { now, width, signs } = options;
  const current = currentGeneration(credential);
  const older = olderAlive(credential, now);
  return [
    headLine(credential, options),
    ...(current === null
      ? []
      : [barLine(credential, current, options), endLine(credential, current, options)]),
    ...older.map(({ generation, expiresAt }) => {
      const left = `${roughDuration(expiresAt - now)} left`;
      const text = `generation ${generation} still alive, ${left}, until ${instantWords(expiresAt)}`;
      return cutLine(line(span(`    ${text} (C13)`, 'attention')), width, signs);
    }),
    [],
  ];
}

function headLine(credential: CredentialView, options: CredentialOptions): Line {
  const { chosen, now, width, signs } = options;
  const isChosen = credential === chosen;
  const current = currentGeneration(credential);
  const generation = current === null ? '' : `  generation ${current.generation}`;
  const left = `${isChosen ? signs.chosen : ' '} ${credential.scope}${generation}`;
  const standing = standingWords(credential, now);
  const head = spread(line(span(left, 'title')), line(span(standing, 'dim')), width, signs);
  return isChosen ? highlighted(head, width) : head;
}

/** `    ━━━━●──────┃─  12d 03h left`. */
function barLine(
  credential: CredentialView,
  current: GenerationView,
  options: CredentialOptions,
): Line {
  const { now, width, signs } = options;
  const isOver = isExpired(current.expiresAt, now);
  const leftMs = current.expiresAt - now;
  const left = isOver ? `expired ${roughDuration(-leftMs)} ago` : `${roughDuration(leftMs)} left`;
  const barWidth = Math.max(10, Math.min(60, width - 4 - 2 - 20));
  return cutLine(
    [
      span('    '),
      ...lifeBar(current, credential.line, now, barWidth, signs),
      span(`  ${left}`, lifeRole(current, credential.line, now)),
    ],
    width,
    signs,
  );
}

/** The running sessions whose movers hold it. */
export function usersOf(
  credential: CredentialView,
  sessions: readonly SessionView[],
): readonly string[] {
  return sessions
    .filter(({ scope, outcome, held }) => scope === credential.scope && outcome === null && held)
    .map(({ id }) => id);
}

function endLine(
  credential: CredentialView,
  current: GenerationView,
  options: CredentialOptions,
): Line {
  const { sessions, width, signs } = options;
  const users = usersOf(credential, sessions);
  const { line: renewal } = credential;
  const word = renewal?.includesLine === true ? 'at or below' : 'below';
  const verb = credential.isSas ? 'reissued' : 'renewed';
  const rule = renewal === null ? '' : `, ${verb} ${word} ${thresholdWords(renewal.renewBelowMs)}`;
  const used = users.length === 0 ? '' : `, used by ${users.join(' ')}`;
  return cutLine(
    line(span(`    ends ${instantWords(current.expiresAt)}${rule}${used}`, 'dim')),
    width,
    signs,
  );
}
