import type { Json, JsonObject, LogEvent } from '../../machines/ports/event-log.ts';
import { scopeId } from '../../machines/rules/scope.ts';

/** A string; null when it is absent or something else. */
export function asText(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

/** A whole number; null when it is absent or something else. */
export function asCount(value: Json | undefined): number | null {
  return Number.isSafeInteger(value) ? (value as number) : null;
}

/** A yes or no; null when it is absent or something else. */
export function asFlag(value: Json | undefined): boolean | null {
  return typeof value === 'boolean' ? value : null;
}

/**
 * Reads a string field; null when it is absent or something else. Checkers read `event.data.name`
 * themselves: a fleet has millions of events, and a name that varies is looked up each time.
 */
export function text(event: LogEvent, key: string): string | null {
  return asText(event.data[key]);
}

/** Reads a whole number; null when it is absent or something else. */
export function count(event: LogEvent, key: string): number | null {
  return asCount(event.data[key]);
}

/** Reads a yes or no; null when it is absent or something else. */
export function flag(event: LogEvent, key: string): boolean | null {
  return asFlag(event.data[key]);
}

export function texts(event: LogEvent, key: string): readonly string[] {
  const value = event.data[key];
  return isList(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export function isRecord(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** C12: the scope of a fact as `scopeId` writes it, whether logged so or as its three names. */
export function scopeOf(event: LogEvent): string | null {
  const value = event.data.scope;
  if (typeof value === 'string') return value;
  return isRecord(value) ? scopeOfNames(value) : null;
}

/** The scope that three names make; null when one of them is missing. */
export function scopeOfNames(data: JsonObject): string | null {
  const { tenant, subtenant = null, repository } = data;
  if (typeof tenant !== 'string' || typeof repository !== 'string') return null;
  if (subtenant !== null && typeof subtenant !== 'string') return null;
  return scopeId({ tenant, subtenant, repository });
}

/** The four stations of a data byte (P2). */
export type HopEnd = 'source' | 'gateway' | 'target' | 'storage';

const HOP_ENDS: Readonly<Record<string, HopEnd>> = {
  source: 'source',
  sourceMover: 'source',
  sourceProxy: 'source',
  agentMachine: 'source',
  gateway: 'gateway',
  cloudGateway: 'gateway',
  target: 'target',
  targetMover: 'target',
  gatewayServer: 'target',
  mountServer: 'target',
  storage: 'storage',
};

/** Which station a `hop.bytes` names: by role, by host, or as a node (`mover:s1:target`). */
export function hopEnd(name: string): HopEnd | null {
  const known = HOP_ENDS[name];
  if (known !== undefined) return known;
  const asMover = /^mover:.*:(source|target)$/.exec(name);
  return HOP_ENDS[asMover?.[1] ?? name] ?? null;
}
