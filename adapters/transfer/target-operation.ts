import type { EngineCore } from './engine-core.ts';
import type { TransferMessage } from './messages.ts';
import type { RequestGate } from './request-gate.ts';

/** What an operation at the target's end works with. */
export interface TargetContext {
  readonly core: EngineCore;
  readonly gate: RequestGate;
  readonly parallelRequests: number;
}

/** One of the operations of P9, at the target's end of the link. */
export interface TargetOperation {
  /** Begins when the source has said hello. */
  run(): Promise<void>;
  /** Takes a message; must not wait for the link. Throws what fails the engine. */
  accept(message: TransferMessage): void;
}
