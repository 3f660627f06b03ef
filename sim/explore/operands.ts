import { formatDuration } from '../../machines/rules/duration.ts';
import type { AnyMachine } from '../kernel/compile/index.ts';
import { NOW } from './life-line.ts';
import type { MachineStep } from './machine-step.ts';

/** What one guard said on the way, and everything that it looked at. */
export interface GuardReading {
  readonly guard: string;
  readonly passed: boolean;
  /** `context.current.expiresAt = now + 1d` */
  readonly operands: readonly string[];
}

type Guard = (given: { readonly context: unknown; readonly event: unknown }) => boolean;

/** The guards that decided which transition an event takes, in the order in which they are asked. */
export function guardReadings(step: MachineStep, path: string): readonly GuardReading[] {
  const readings: GuardReading[] = [];
  for (const guard of guardsAsked(step.machine, path, step.event.type)) {
    if (guard === null) break;
    const reading = read(step, guard);
    readings.push(reading);
    if (reading.passed) break;
  }
  return readings;
}

/** Names of the guards of one event, inner states first; `null`: a transition without a guard. */
function guardsAsked(machine: AnyMachine, path: string, event: string): readonly (string | null)[] {
  const names: (string | null)[] = [];
  const words = path.split('.');
  for (let length = words.length; length >= 0; length -= 1) {
    const node = machine.getStateNodeById([machine.root.key, ...words.slice(0, length)].join('.'));
    for (const { guard } of node.transitions.get(event) ?? []) {
      if (guard === undefined) names.push(null);
      else names.push(typeof guard === 'string' ? guard : String((guard as { type: string }).type));
    }
  }
  return names;
}

function read(step: MachineStep, name: string): GuardReading {
  const guard = step.machine.implementations.guards[name] as unknown as Guard;
  const seen = new Map<string, unknown>();
  const given = {
    context: recorded(step.context, 'context', seen),
    event: recorded(step.event, 'event', seen),
  };
  const passed = Boolean(guard(given));
  return {
    guard: name,
    passed,
    operands: [...seen].map(([at, value]) => `${at} = ${shown(at, value)}`),
  };
}

/** Tells which values are read; objects on the way to them are not values. */
function recorded(value: unknown, path: string, seen: Map<string, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      const inner = Reflect.get(target, key);
      if (typeof key === 'symbol' || typeof inner === 'function') return inner;
      const at = `${path}.${key}`;
      if (typeof inner !== 'object' || inner === null) seen.set(at, inner);
      return recorded(inner, at, seen);
    },
  });
}

const INSTANTS_FROM = NOW / 2;

/** Instants as what is left, durations in their units. */
export function shown(path: string, value: unknown): string {
  if (typeof value !== 'number') return JSON.stringify(value) ?? 'undefined';
  if (value > INSTANTS_FROM) {
    const leftMs = value - NOW;
    if (leftMs === 0) return 'now';
    return leftMs > 0 ? `now + ${formatDuration(leftMs)}` : `now - ${formatDuration(-leftMs)}`;
  }
  return path.endsWith('Ms') ? formatDuration(value) : String(value);
}
