import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { errorSentence, isErrorCode } from '../../../machines/rules/errors.ts';
import { count, flag, scopeOf, text, texts } from '../../check/facts.ts';
import {
  credentialWords,
  hostWords,
  instantWords,
  roughDuration,
  sizeWords,
  stateWords,
  tidy,
} from '../words.ts';
import { isNews, isNotableState } from './news.ts';
import type { CheckView, LogEntry, Tone } from './types.ts';
import { explainCheck } from './why.ts';

interface Sentence {
  readonly text: string;
  readonly rules?: readonly string[];
  readonly tone?: Tone;
}

/** `isEnding`: its session is at its end or past it. */
type Teller = (event: LogEvent, isEnding: boolean) => Sentence;

const word = (event: LogEvent, key: string): string => text(event, key) ?? '?';
const bytes = (event: LogEvent, key: string): string => sizeWords(count(event, key) ?? 0);
const generation = (event: LogEvent): string => `generation ${count(event, 'generation') ?? '?'}`;
const scope = (event: LogEvent): string => scopeOf(event) ?? 'a scope without a name';
const host = (event: LogEvent): string => hostWords(word(event, 'host'));

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function codeWords(event: LogEvent): string {
  const code = text(event, 'code');
  if (code === null) return 'without a reason';
  return isErrorCode(code) ? `${code}: ${errorSentence(code).replace(/\.$/, '')}` : code;
}

/** The rules that an error code itself names (`… (Q3).`). */
function rulesOfCode(event: LogEvent): readonly string[] {
  const code = text(event, 'code');
  const named = isErrorCode(code) ? /\(([A-Z]\d+)\)/.exec(errorSentence(code))?.[1] : undefined;
  return named === undefined ? [] : [named];
}

function until(event: LogEvent): string {
  const expiresAt = count(event, 'expiresAt');
  return expiresAt === null ? 'never ends' : `ends ${instantWords(expiresAt)}`;
}

export function checkOf(event: LogEvent): CheckView {
  return {
    at: event.at,
    by: word(event, 'by'),
    trigger: word(event, 'trigger'),
    expiresAt: count(event, 'expiresAt'),
    leftMs: count(event, 'leftMs') ?? 0,
    renewBelowMs: count(event, 'renewBelowMs') ?? 0,
    includesLine: flag(event, 'includesLine') ?? false,
    decision: word(event, 'decision'),
  };
}

function routeSentence(event: LogEvent): Sentence {
  const target = hostWords(word(event, 'targetHost'));
  const assumed = flag(event, 'assumed') === true ? ', assumed because no option is set' : '';
  const path =
    text(event, 'dataPath') === 'direct'
      ? `Direct to storage from the ${target}, ${credentialWords(word(event, 'credential'))}`
      : `Through the cloud gateway, target mover on the ${target}`;
  return { text: path + assumed, rules: texts(event, 'rules') };
}

function endSentence(event: LogEvent): Sentence {
  const state = word(event, 'state');
  if (state === 'done') {
    const verified = flag(event, 'verified');
    if (verified === false) return { text: 'Ended done, but NOT verified', tone: 'bad' };
    return { text: verified ? 'Done, every block verified' : 'Done', tone: 'good' };
  }
  if (state === 'cancelled') return { text: 'Cancelled', tone: 'attention' };
  return {
    text: `Ended ${state}, ${codeWords(event)}`,
    tone: 'bad',
    rules: rulesOfCode(event),
  };
}

function stateSentence(event: LogEvent): Sentence {
  const state = word(event, 'state');
  return {
    text: `State: ${stateWords(state)}`,
    ...(isNotableState(state) ? { tone: 'attention' } : {}),
  };
}

const SENTENCES: Readonly<Record<string, Teller>> = {
  'session.started': (event) => ({
    text:
      `${capital(word(event, 'operation'))} of ${word(event, 'backup')} begins: ` +
      `${text(event, 'subtenant') ?? word(event, 'tenant')} and ${word(event, 'repository')}, ` +
      `${word(event, 'jobKind')} job`,
  }),
  'session.refused': (event) => ({
    text: `The SP refuses the session, ${codeWords(event)}`,
    tone: 'bad',
    rules: rulesOfCode(event),
  }),
  'session.state': stateSentence,
  'session.ended': endSentence,
  'route.selected': routeSentence,
  'route.refused': (event) => ({
    text: `No route, ${codeWords(event)}`,
    tone: 'bad',
    rules: [text(event, 'rule')].filter((rule): rule is string => rule !== null),
  }),
  'mover.started': (event) => ({
    text: `${capital(word(event, 'role'))} mover runs on the ${host(event)}`,
  }),
  'mover.exited': (event) => ({
    text: `${capital(word(event, 'role'))} mover on the ${host(event)} has ended`,
  }),
  'gateway.connected': (event) => {
    const held = count(event, 'heldGeneration') ?? 0;
    const what = held === 0 ? 'nothing is issued yet' : `generation ${held} is there`;
    return { text: `The target mover reached the SP: ${what}` };
  },
  'credential.checked': (event) => {
    const check = checkOf(event);
    const { sentence, rules } = explainCheck(check);
    return { text: sentence, rules, tone: check.decision === 'renew' ? 'attention' : 'plain' };
  },
  'credential.requested': (event) => ({
    text: `${scope(event)}: credential asked for (${word(event, 'trigger')})`,
  }),
  'credential.issued': (event) => ({
    text:
      `${scope(event)}: ${generation(event)} issued for ` +
      `${roughDuration(count(event, 'lifetimeMs') ?? Number.NaN)}, ${until(event)}`,
    rules: ['C5'],
    tone: 'good',
  }),
  'credential.issueFailed': (event) => ({
    text: `${scope(event)}: ${generation(event)} was not issued, ${codeWords(event)}`,
    tone: 'bad',
  }),
  'credential.saved': (event) => ({
    text: `${scope(event)}: ${generation(event)} saved in the configuration database`,
    rules: ['C5'],
  }),
  'credential.delivered': (event) => {
    const degraded = flag(event, 'degraded') === true;
    return {
      text:
        `${scope(event)}: ${generation(event)} goes sealed to the target mover` +
        (degraded ? ', degraded: its renewal failed' : ''),
      rules: degraded ? ['C6', 'C17'] : ['C6'],
      ...(degraded ? { tone: 'attention' as const } : {}),
    };
  },
  'credential.used': (event) => ({
    text: `${scope(event)}: the target mover at the SP uses the repository's own credential`,
  }),
  'credential.opened': (event) => ({
    text: `The target mover opened ${generation(event)}`,
    rules: ['C6'],
  }),
  'credential.revoked': (event) => ({
    text: `${scope(event)}: ${generation(event)} is ${text(event, 'state') ?? 'revoked'}`,
    rules: ['C22'],
    tone: 'attention',
  }),
  'credential.refused': (event) => ({
    text: `${scope(event)}: credential refused, ${codeWords(event)}`,
    rules: rulesOfCode(event),
    tone: 'bad',
  }),
  'storage.used': (event) => {
    const isOk = text(event, 'status') === 'ok';
    const size = count(event, 'bytes') ?? 0;
    return {
      text:
        `${word(event, 'operation')} ${word(event, 'key')}` +
        `${size === 0 ? '' : `, ${sizeWords(size)}`}${isOk ? '' : `: ${word(event, 'status')}`}`,
      ...(isOk ? {} : { tone: 'attention' as const }),
    };
  },
  'hop.bytes': (event) => ({
    text: `${bytes(event, 'bytes')} from ${word(event, 'from')} to ${word(event, 'to')}`,
  }),
  'quota.granted': (event) => ({
    text: `${bytes(event, 'grantedBytes')} of quota granted`,
    rules: ['Q2'],
  }),
  'quota.refused': (event) => ({
    text:
      `Quota refused: ${bytes(event, 'neededBytes')} asked for, ` +
      `${bytes(event, 'availableBytes')} left`,
    rules: ['Q3'],
    tone: 'bad',
  }),
  'quota.spent': (event) => ({
    text: `${bytes(event, 'spentBytes')} of quota spent`,
  }),
  'quota.returned': (event) => ({
    text: `${bytes(event, 'returnedBytes')} of quota returned`,
    rules: ['Q2'],
  }),
  'channel.up': (event) => ({
    text: `Control connection of ${text(event, 'tenant') ?? word(event, 'role')} is up`,
    rules: ['P5'],
  }),
  'channel.down': (event, isEnding) => {
    const whose = `Control connection of ${text(event, 'tenant') ?? word(event, 'role')}`;
    // A mover that has done its work hangs up: nothing is cut off then.
    if (isEnding) return { text: `${whose} is closed` };
    return { text: `${whose} is down`, rules: ['P8'], tone: 'attention' };
  },
  'fault.fired': (event) => ({
    text: `Fault: ${word(event, 'kind')} at ${word(event, 'site')}`,
    tone: 'attention',
  }),
  'clock.warped': (event) => {
    const toMs = count(event, 'toMs') ?? event.at;
    const byMs = toMs - (count(event, 'fromMs') ?? toMs);
    return {
      text: `The clock moved on by ${roughDuration(byMs)} to ${instantWords(toMs)}`,
      tone: 'attention',
    };
  },
};

/** What a person reads for one event. Unknown events are told by their name, as details. */
export function toEntry(event: LogEvent, isEnding = false): LogEntry {
  const tell = Object.hasOwn(SENTENCES, event.type) ? SENTENCES[event.type] : undefined;
  const sentence: Sentence = tell?.(event, isEnding) ?? { text: event.type };
  return {
    seq: event.seq,
    at: event.at,
    session: event.session === null ? null : tidy(event.session),
    type: tidy(event.type),
    text: tidy(sentence.text),
    rules: (sentence.rules ?? []).map(tidy),
    tone: sentence.tone ?? 'plain',
    isNews: isNews(event),
  };
}
