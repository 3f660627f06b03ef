import type { EpochMs } from '../../../machines/rules/time.ts';
import { stateRows, transitionRows } from '../model/machine-tree.ts';
import { standingWords } from '../model/next.ts';
import type { CheckView, CredentialView, LogEntry, SessionView } from '../model/types.ts';
import { explainCheck, RULE_TEXTS } from '../model/why.ts';
import type { Role, Signs } from '../theme.ts';
import {
  credentialWords,
  exactDuration,
  hostWords,
  instantWords,
  millisecondWords,
  sizeWords,
} from '../words.ts';
import { usersOf } from './credentials-view.ts';
import type { Layout } from './layout.ts';
import { cell, cutLine, type Line, line, ruled, span, wrap } from './lines.ts';
import { entryLines } from './log-view.ts';
import { sessionRole, sessionState } from './sessions-view.ts';

export interface DetailOptions {
  readonly now: EpochMs;
  readonly log: readonly LogEntry[];
  readonly layout: Layout;
  readonly width: number;
  readonly signs: Signs;
}

const LABEL_WIDTH = 12;

/** All that is known of one session, as a page: facts, why, its machine, its log. */
export function detailLines(session: SessionView, options: DetailOptions): readonly Line[] {
  const { width, signs } = options;
  const { id, operation, backup, scope, jobKind } = session;
  return [
    cutLine(
      line(span(`${id}: ${operation} of ${backup}, ${scope}, ${jobKind} job`, 'title')),
      width,
      signs,
    ),
    ...fact('state', sessionState(session), options, sessionRole(session)),
    [],
    ruled('Why', width, signs),
    ...whyLines(session, options),
    [],
    ruled('What is known', width, signs),
    ...fact('route', routeText(session), options),
    ...fact('movers', moversText(session), options),
    ...fact('bytes', hopsText(session, signs), options),
    ...fact('credential', heldText(session, options.now), options),
    ...fact('quota', quotaText(session), options),
    [],
    ruled('Its log', width, signs),
    ...entryLines(options.log, options),
    [],
    ruled('Its machine', width, signs),
    ...machineLines(session, options),
  ];
}

/** The states as a tree with the active ones, then what each event would do now. */
function machineLines(session: SessionView, options: DetailOptions): readonly Line[] {
  const { now, signs, width } = options;
  const states = stateRows(session.state).map(({ name, depth, isActive }) => {
    const sign = isActive ? signs.now : ' ';
    const text = `${sign} ${'  '.repeat(depth)}${depth > 0 ? `${signs.branch} ` : ''}${name}`;
    return cutLine(line(span(text, isActive ? 'accent' : 'dim')), width, signs);
  });
  const words = { yes: '+', maybe: '?', no: '-' } as const;
  const transitions = transitionRows(session, now).map(({ event, isEnabled, text }) =>
    cutLine(
      line(
        span(`${words[isEnabled]} `, isEnabled === 'yes' ? 'good' : 'dim'),
        span(cell(event, 28, signs), isEnabled === 'no' ? 'dim' : 'plain'),
        span(` ${text}`, 'dim'),
      ),
      width,
      signs,
    ),
  );
  return [
    ...states,
    [],
    cutLine(
      line(span('Events: + acts now, ? it depends on what it brings, - no', 'heading')),
      width,
      signs,
    ),
    ...transitions,
  ];
}

/** All that is known of one credential: its generations, who uses it, why it was kept or renewed. */
export function credentialDetailLines(
  credential: CredentialView,
  sessions: readonly SessionView[],
  options: DetailOptions,
): readonly Line[] {
  const { width, signs, now } = options;
  const users = usersOf(credential, sessions);
  const generations = [...credential.generations].reverse().flatMap((one) => {
    const leftMs = one.expiresAt - now;
    const left =
      one.state === 'revoked'
        ? 'revoked'
        : leftMs > 0
          ? `${exactDuration(leftMs)} left`
          : 'expired';
    const text = `issued ${instantWords(one.issuedAt)}, ends ${instantWords(one.expiresAt)}, ${left}`;
    return fact(`gen ${one.generation}`, `${text}; ${one.state}, by ${one.issuer}`, options);
  });
  const { lastCheck } = credential;
  return [
    cutLine(line(span(credential.scope, 'title')), width, signs),
    ...fact('standing', standingWords(credential, now), options),
    ...fact('used by', users.length === 0 ? 'no running session' : users.join(' '), options),
    ...generations,
    [],
    ruled('Why', width, signs),
    ...(lastCheck === null ? [line('It was not checked yet.')] : checkLines(lastCheck, options)),
    [],
    ruled('Its log', width, signs),
    ...entryLines(options.log, options),
  ];
}

function fact(
  label: string,
  text: string,
  { width }: DetailOptions,
  role: Role = 'plain',
): readonly Line[] {
  if (text === '') return [];
  return wrap(text, width - LABEL_WIDTH).map((part, index) =>
    line(span((index === 0 ? label : '').padEnd(LABEL_WIDTH), 'dim'), span(part, role)),
  );
}

function routeText({ route, refusal }: SessionView): string {
  if (route === null) {
    if (refusal === null) return 'not chosen yet';
    return `refused: ${refusal.code}${refusal.rule === null ? '' : ` [${refusal.rule}]`}`;
  }
  const access = route.access === null ? '' : `, option ${route.access}`;
  const settings = `${route.storage}, mode ${route.mode}${access}`;
  const path =
    route.dataPath === 'direct'
      ? `direct to storage from the ${hostWords(route.targetHost)}`
      : `through the cloud gateway to the ${hostWords(route.targetHost)}`;
  const assumed = route.assumed ? ' (assumed, no option is set)' : '';
  const rules = route.rules.length === 0 ? '' : ` [${route.rules.join(' ')}]`;
  return `${path}${assumed}, ${credentialWords(route.credential)}; ${settings}${rules}`;
}

function moversText({ movers }: SessionView): string {
  if (movers.length === 0) return 'none started yet';
  return movers
    .map(
      ({ role, host, isRunning }) =>
        `${role} on the ${hostWords(host)}${isRunning ? '' : ' (ended)'}`,
    )
    .join(', ');
}

/** Every hop with the bytes that one of its ends counted; restores run the other way. */
export function hopsText({ operation, route, hops }: SessionView, signs: Signs): string {
  const isGateway = route?.dataPath === 'gateway';
  const counted: readonly (readonly [string, string, number | null])[] = [
    ['source', isGateway ? 'gateway' : 'target', hops.atSource],
    ...(isGateway ? ([['gateway', 'target', hops.atGateway ?? hops.atTarget]] as const) : []),
    ['target', 'storage', hops.atStorage],
  ];
  const isRestore = operation === 'restore';
  const inOrder = isRestore ? [...counted].reverse() : counted;
  return inOrder
    .filter(([, , bytes]) => bytes !== null)
    .map(([near, far, bytes]) => {
      const [from, to] = isRestore ? [far, near] : [near, far];
      return `${from} ${signs.arrow} ${to} ${sizeWords(bytes ?? 0)}`;
    })
    .join(', ');
}

function heldText({ held, route, outcome }: SessionView, now: EpochMs): string {
  if (route?.credential === 'none')
    return 'none at the tenant: the movers of the SP use its own [C7]';
  if (held === null) return route === null ? '' : 'none yet';
  if (outcome !== null && held.expiresAt !== null) {
    return `generation ${held.generation}; no mover holds it any more [C6]`;
  }
  if (held.expiresAt === null) return 'the full repository credential, without an end [C7]';
  const leftMs = held.expiresAt - now;
  const left = leftMs > 0 ? `${exactDuration(leftMs)} left` : 'expired';
  return `generation ${held.generation}, ends ${instantWords(held.expiresAt)}, ${left}`;
}

function quotaText({ quota }: SessionView): string {
  if (quota === null) return '';
  const { usedBytes, reservedBytes, quotaBytes } = quota;
  return (
    `${sizeWords(usedBytes)} used, ${sizeWords(reservedBytes)} reserved ` +
    `of ${sizeWords(quotaBytes)} [Q2]`
  );
}

/** The last check with both operands, their units, and what the rules say. */
function whyLines(
  { lastCheck, route, refusal }: SessionView,
  options: DetailOptions,
): readonly Line[] {
  if (lastCheck === null) {
    const none = route?.credential === 'none' || route?.credential === 'shared';
    const text = none
      ? 'Nothing to check: the tenant holds no temporary credential on this route [C7].'
      : refusal === null
        ? 'The credential was not checked yet.'
        : 'The session was refused before its credential was checked.';
    return wrap(text, options.width).map((part) => line(part));
  }
  return checkLines(lastCheck, options);
}

function checkLines(lastCheck: CheckView, options: DetailOptions): readonly Line[] {
  const { sentence, rules } = explainCheck(lastCheck);
  const tone = lastCheck.decision === 'renew' ? 'attention' : 'good';
  return [
    ...wrap(sentence, options.width).map((part) => line(span(part, tone))),
    ...operandLines(lastCheck, options),
    ...rules.flatMap((rule) => fact(rule, RULE_TEXTS[rule] ?? '', options)),
  ];
}

function operandLines(check: CheckView, options: DetailOptions): readonly Line[] {
  const both = (ms: number): string => `${exactDuration(ms)} (${millisecondWords(ms)})`;
  const sign = check.includesLine ? '<=' : '<';
  const isBelow = check.includesLine
    ? check.leftMs <= check.renewBelowMs
    : check.leftMs < check.renewBelowMs;
  const held = check.expiresAt !== null;
  return [
    ...fact('checked', `${instantWords(check.at)}, by ${check.by}, at ${check.trigger}`, options),
    ...(held ? fact('left', both(check.leftMs), options) : []),
    ...fact('line', both(check.renewBelowMs), options),
    ...(held
      ? fact(
          'guard',
          `left ${sign} line: ${isBelow ? 'true' : 'false'}, so ${check.decision}`,
          options,
        )
      : fact('guard', `nothing held, so ${check.decision}`, options)),
  ];
}
