import type { backupSessionMachine, MoverRole } from '../../../machines/backup-session/index.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type { JsonObject } from '../../../machines/ports/event-log.ts';
import type { HostedMachine } from '../../../machines/ports/machine-host.ts';
import { SECOND_MS } from '../../../machines/rules/time.ts';
import type { TransferSummary } from '../../transfer/types.ts';
import { codeOf, type HopCounts } from './session-facts.ts';

/** The end of the connection between the movers reaches one of them first; the reason may follow. */
const REASON_GRACE_MS = SECOND_MS;

type SessionFact = Parameters<HostedMachine<typeof backupSessionMachine>['send']>[0];

export interface MoverReportsOptions {
  readonly transportClock: Clock;
  readonly send: (fact: SessionFact) => void;
  readonly onProgress: (counts: JsonObject) => void;
}

/** Reports of both movers, wherever they run: counted, and told to the session's machine. */
export class MoverReports {
  readonly counts: HopCounts = { source: 0, gateway: 0, storage: 0 };
  readonly summaries = new Map<MoverRole, TransferSummary>();
  readonly #options: MoverReportsOptions;
  #detail = '';
  /** Pairs of movers so far: a late reason of an old pair must not end the work of the new one. */
  #pair = 0;

  constructor(options: MoverReportsOptions) {
    this.#options = options;
  }

  /** A sentence about the first failure of the present movers, free of secrets. */
  get detail(): string {
    return this.#detail;
  }

  /** A fresh pair of movers is about to start. */
  beginPair(): void {
    this.#pair += 1;
    this.summaries.clear();
    this.#detail = '';
    // What was on its way in movers that died is counted by nobody: the last pair's count is exact.
    this.counts.source = 0;
    this.counts.storage = 0;
  }

  take(role: MoverRole, type: string, header: JsonObject): void {
    const { send, onProgress } = this.#options;
    switch (type) {
      case 'report.progress':
        this.#count(role, header);
        onProgress({ role, ...header });
        return;
      case 'report.completed':
        this.#onCompleted(role, header.summary as unknown as TransferSummary);
        return;
      case 'report.failed':
        this.#onFailed(role, header);
        return;
      case 'report.drained':
        send({ type: 'transfer.drained' });
        return;
      case 'report.cleaned':
        send({ type: 'transfer.cleaned' });
        return;
      case 'report.credentialExpired':
        send({ type: 'transfer.credentialExpired' });
        return;
      case 'report.quotaExhausted':
        send({ type: 'quota.exhausted' });
        return;
      default:
        return;
    }
  }

  #count(role: MoverRole, header: JsonObject): void {
    const { counts } = this;
    if (role === 'source' && header.linkBytes !== undefined) {
      counts.source = Number(header.linkBytes);
    }
    if (role === 'target' && header.storageBytes !== undefined) {
      counts.storage = Number(header.storageBytes);
    }
  }

  #onCompleted(role: MoverRole, summary: TransferSummary): void {
    this.summaries.set(role, summary);
    this.#count(role, { linkBytes: summary.linkBytes, storageBytes: summary.storageBytes });
    if (this.summaries.size === 2) this.#options.send({ type: 'transfer.completed' });
  }

  #onFailed(role: MoverRole, header: JsonObject): void {
    this.#count(role, header);
    const code = codeOf(header);
    const pair = this.#pair;
    const report = (): void => {
      if (pair !== this.#pair) return;
      if (this.#detail === '') this.#detail = String(header.detail ?? '');
      this.#options.send({ type: 'transfer.failed', code });
    };
    if (code !== 'link.lost') {
      report();
      return;
    }
    const { transportClock } = this.#options;
    transportClock.wakeAt(transportClock.now() + REASON_GRACE_MS, report);
  }
}
