import type { LinkMessage } from '../../machines/ports/link.ts';
import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';
import { AskSourceOperation } from './ask-source.ts';
import { BackupSourceOperation } from './backup-source.ts';
import { EngineCore } from './engine-core.ts';
import { RestoreSourceOperation } from './restore-source.ts';
import type { SourceContext, SourceOperation } from './source-operation.ts';
import type { LinkReader, SourceEngine, SourceEngineOptions } from './types.ts';

/** The source mover's engine. It says hello at `start`, so the target's reader must be there. */
export function createSourceEngine(options: SourceEngineOptions): SourceEngine & LinkReader {
  return new Source(options);
}

class Source implements SourceEngine, LinkReader {
  readonly #core: EngineCore;
  readonly #operation: SourceOperation;
  #isStarted = false;

  constructor(options: SourceEngineOptions) {
    this.#core = new EngineCore(options);
    const { source, sink } = options;
    this.#operation = operationOf({ core: this.#core, source, sink });
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#core.spawn(() => this.#operation.run());
  }

  abort(code: ErrorCode): void {
    this.#core.fail(new FortnightError(code));
  }

  async onMessage(message: LinkMessage): Promise<void> {
    const arrived = this.#core.receive(message);
    if (arrived === null) return;
    try {
      this.#operation.accept(arrived);
    } catch (thrown) {
      this.#core.fail(thrown);
    }
  }
}

function operationOf(context: SourceContext): SourceOperation {
  const { operation } = context.core.spec;
  switch (operation) {
    case 'backup':
      return new BackupSourceOperation(context);
    case 'restore':
    case 'verify':
      return new RestoreSourceOperation(context);
    case 'list':
    case 'delete':
      return new AskSourceOperation(context);
    default:
      return operation satisfies never;
  }
}
