import { FortnightError } from '../../machines/rules/errors.ts';
import type { EngineCore } from './engine-core.ts';
import type { TransferMessage } from './messages.ts';
import { type SourceContext, type SourceOperation, sayHello } from './source-operation.ts';
import type { RestorePointInfo } from './types.ts';

/** List and delete at the tenant's end: the target does the work, this end hears the result. */
export class AskSourceOperation implements SourceOperation {
  readonly #core: EngineCore;
  readonly #listing: RestorePointInfo[] = [];

  constructor({ core }: SourceContext) {
    this.#core = core;
  }

  async run(): Promise<void> {
    await sayHello(this.#core);
  }

  accept(message: TransferMessage): void {
    const isListing = this.#core.spec.operation === 'list';
    if (message.type === 'listing.part' && isListing) {
      this.#listing.push(...message.points);
    } else if (message.type === 'transfer.done') {
      this.#core.complete(message.totals, isListing ? this.#listing : null);
    } else {
      throw new FortnightError('protocol.violation', `"${message.type}" is not allowed here.`);
    }
  }
}
