import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { type EpochMs, HOUR_MS } from '../../../machines/rules/time.ts';
import type { DirectReport, GatewayReport } from './report.ts';

interface Load {
  bytes: number;
  readonly perHour: number[];
  capacityBytes: number;
  saturatedMs: number;
  flowsMax: number;
}

/** Bytes through the gateways, and past them, hour by hour. */
export class LoadStats {
  readonly #startAt: EpochMs;
  readonly #gateways = new Map<string, Load>();
  readonly #direct = new Map<string, Load>();

  constructor(startAt: EpochMs) {
    this.#startAt = startAt;
  }

  see({ at, node, type, data }: LogEvent): void {
    const loads = type === 'gateway.load' ? this.#gateways : this.#direct;
    let load = loads.get(node);
    if (load === undefined) {
      load = { bytes: 0, perHour: [], capacityBytes: 0, saturatedMs: 0, flowsMax: 0 };
      loads.set(node, load);
    }
    const bytes = Number(data.bytes);
    load.bytes += bytes;
    load.capacityBytes = Number(data.capacityBytes ?? 0);
    load.saturatedMs += Number(data.saturatedMs ?? 0);
    load.flowsMax = Math.max(load.flowsMax, Number(data.flowsMax));
    // The fact is told at the end of its hour.
    const hour = Math.max(0, Math.ceil((at - this.#startAt) / HOUR_MS) - 1);
    while (load.perHour.length <= hour) load.perHour.push(0);
    load.perHour[hour] = (load.perHour[hour] as number) + bytes;
  }

  report(hours: number): {
    readonly gateways: readonly GatewayReport[];
    readonly direct: readonly DirectReport[];
  } {
    const seriesOf = ({ perHour }: Load): readonly number[] =>
      Array.from({ length: hours }, (_, hour) => perHour[hour] ?? 0);
    const named = (loads: ReadonlyMap<string, Load>): readonly (readonly [string, Load])[] =>
      [...loads].sort(([left], [right]) => (left < right ? -1 : 1));
    return {
      gateways: named(this.#gateways).map(([name, load]) => {
        const { bytes, capacityBytes, saturatedMs, flowsMax } = load;
        const bytesPerHour = seriesOf(load);
        const peak = this.#peakOf(bytesPerHour);
        return { name, bytes, bytesPerHour, capacityBytes, saturatedMs, peak, flowsMax };
      }),
      direct: named(this.#direct).map(([name, load]) => {
        const { bytes, flowsMax } = load;
        return { name, bytes, bytesPerHour: seriesOf(load), flowsMax };
      }),
    };
  }

  #peakOf(bytesPerHour: readonly number[]): GatewayReport['peak'] {
    let most = 0;
    for (const bytes of bytesPerHour) if (bytes > most) most = bytes;
    if (most === 0) return null;
    return { bytes: most, at: this.#startAt + bytesPerHour.indexOf(most) * HOUR_MS };
  }
}
