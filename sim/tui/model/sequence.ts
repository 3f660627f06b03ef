import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { count, hopEnd, text } from '../../check/facts.ts';
import { sizeWords, stateWords } from '../words.ts';

/** The swim lanes, from left to right as a byte of a backup travels. */
export const LANES = ['tenant', 'source', 'gateway', 'target', 'SP', 'storage'] as const;
export type Lane = (typeof LANES)[number];

export interface Message {
  readonly from: Lane;
  /** The same lane: something that happens there. */
  readonly to: Lane;
  readonly text: string;
}

type Drawer = (event: LogEvent) => Message | null;

const message = (from: Lane, to: Lane, words: string): Message => ({ from, to, text: words });
const of = (event: LogEvent, key: string): string => text(event, key) ?? '?';

function moverLane(event: LogEvent): Lane {
  return text(event, 'role') === 'source' ? 'source' : 'target';
}

const DRAWERS: Readonly<Record<string, Drawer>> = {
  'session.started': (event) => message('tenant', 'SP', `opens a ${of(event, 'operation')}`),
  'route.selected': (event) => message('SP', 'tenant', `route: ${of(event, 'dataPath')}`),
  'route.refused': (event) => message('SP', 'tenant', `no route: ${of(event, 'code')}`),
  'session.refused': (event) => message('SP', 'tenant', `refused: ${of(event, 'code')}`),
  'mover.started': (event) => {
    const lane = moverLane(event);
    const isAtProvider = /Server$/.test(of(event, 'host'));
    return message(isAtProvider ? 'SP' : 'tenant', lane, 'starts');
  },
  'mover.exited': (event) => message(moverLane(event), moverLane(event), 'ends'),
  'gateway.connected': (event) => {
    const held = count(event, 'heldGeneration') ?? 0;
    return message('target', 'SP', held === 0 ? 'contact' : `contact, holds ${held}`);
  },
  'credential.checked': (event) => {
    const lane: Lane = text(event, 'by') === 'sp' ? 'SP' : 'tenant';
    return message(lane, lane, `check: ${of(event, 'decision')}`);
  },
  'credential.requested': (event) => message('tenant', 'SP', `asks (${of(event, 'trigger')})`),
  'credential.issued': (event) =>
    message('storage', 'SP', `issues ${count(event, 'generation') ?? '?'}`),
  'credential.saved': () => message('SP', 'SP', 'saves it'),
  'credential.delivered': (event) =>
    message('SP', 'target', `sealed ${count(event, 'generation') ?? '?'}`),
  'credential.refused': (event) => message('SP', 'target', `refused: ${of(event, 'code')}`),
  'storage.used': (event) => message('target', 'storage', `${of(event, 'operation')}`),
  'hop.bytes': (event) => {
    const [from, to] = [hopEnd(of(event, 'from')), hopEnd(of(event, 'to'))];
    if (from === null || to === null) return null;
    return message(from, to, sizeWords(count(event, 'bytes') ?? 0));
  },
  'quota.granted': (event) =>
    message('SP', 'target', `grants ${sizeWords(count(event, 'grantedBytes') ?? 0)}`),
  'quota.refused': () => message('SP', 'target', 'quota refused'),
  'quota.spent': (event) =>
    message('target', 'SP', `spent ${sizeWords(count(event, 'spentBytes') ?? 0)}`),
  'quota.returned': (event) =>
    message('target', 'SP', `returns ${sizeWords(count(event, 'returnedBytes') ?? 0)}`),
  'session.state': (event) => message('tenant', 'tenant', stateWords(of(event, 'state'))),
  'session.ended': (event) => message('tenant', 'SP', `ends: ${of(event, 'state')}`),
};

/** Who said it to whom; null for events that nobody says to anybody. */
export function messageOf(event: LogEvent): Message | null {
  return Object.hasOwn(DRAWERS, event.type) ? (DRAWERS[event.type]?.(event) ?? null) : null;
}
