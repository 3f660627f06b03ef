import type { EngineCore } from './engine-core.ts';
import { TRANSFER_VERSION, type TransferMessage } from './messages.ts';
import type { BackupSource, RestoreSink } from './types.ts';

export interface SourceContext {
  readonly core: EngineCore;
  readonly source: BackupSource | null;
  readonly sink: RestoreSink | null;
}

/** One of the operations of P9, at the source's end of the link. */
export interface SourceOperation {
  run(): Promise<void>;
  /** Takes a message; must not wait for the link. Throws what fails the engine. */
  accept(message: TransferMessage): void;
}

/** Says hello; the target begins when it has heard it. */
export async function sayHello(core: EngineCore): Promise<void> {
  const { sessionId, operation, blockBytes } = core.spec;
  const version = TRANSFER_VERSION;
  await core.send({ type: 'transfer.hello', version, sessionId, operation, blockBytes });
}
