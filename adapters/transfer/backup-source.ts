import { FortnightError } from '../../machines/rules/errors.ts';
import { type BlockId, blockId } from '../backup-format/block.ts';
import { cutIntoBlocks } from '../backup-format/chunker.ts';
import { EntryTree } from '../backup-format/entry-path.ts';
import { encodeManifest, type Manifest, type ManifestEntry } from '../backup-format/manifest.ts';
import type { EngineCore } from './engine-core.ts';
import { sendManifest } from './manifest-transfer.ts';
import type { DoneTotals, TransferMessage } from './messages.ts';
import { OfferWindow } from './offer-window.ts';
import { type SourceContext, type SourceOperation, sayHello } from './source-operation.ts';
import type { BackupSource, SourceEntry } from './types.ts';
import type { WaitList } from './wait-list.ts';

/** Backup at the folder's end: reads, hashes each block once, offers, sends what is needed. */
export class BackupSourceOperation implements SourceOperation {
  readonly #core: EngineCore;
  readonly #source: BackupSource;
  readonly #window: OfferWindow;
  readonly #changed: WaitList;
  readonly #entries: ManifestEntry[] = [];
  readonly #tree = new EntryTree();
  #ready: { readonly parent: string | null } | null = null;
  #sourceBytes = 0;
  #restorePoint: string | null = null;
  #done: DoneTotals | null = null;

  constructor({ core, source }: SourceContext) {
    if (source === null) throw new Error('a backup needs a source');
    this.#core = core;
    this.#source = source;
    this.#window = new OfferWindow(core);
    this.#changed = core.waitList();
  }

  async run(): Promise<void> {
    const core = this.#core;
    await sayHello(core);
    await this.#changed.until(() => this.#ready !== null);
    core.spawn(() => this.#window.sendNeeded());
    for await (const entry of this.#source.entries()) {
      core.throwIfStopped();
      this.#entries.push(await this.#take(entry));
    }
    await this.#window.finish();
    const { restorePoint, object } = encodeManifest(this.#manifest());
    this.#restorePoint = restorePoint;
    await sendManifest(core, restorePoint, object);
    await this.#changed.until(() => this.#done !== null);
    core.complete(this.#done!);
  }

  async #take(entry: SourceEntry): Promise<ManifestEntry> {
    const { path, kind, mode, modifiedAt } = entry;
    const problem = this.#tree.add(path, kind);
    // What a restore would refuse must not be written either.
    if (problem !== null) throw new FortnightError('source.unreadable', `${problem}.`);
    switch (kind) {
      case 'directory':
        return { kind, path, mode, modifiedAt };
      case 'symlink':
        return { kind, path, mode, modifiedAt, target: entry.linkTarget ?? '' };
      case 'file': {
        const blocks: BlockId[] = [];
        let size = 0;
        for await (const raw of cutIntoBlocks(entry.read(), this.#core.spec.blockBytes)) {
          this.#core.throwIfStopped();
          const id = blockId(raw);
          blocks.push(id);
          size += raw.length;
          await this.#window.add(id, raw);
        }
        this.#sourceBytes += size;
        return { kind, path, mode, modifiedAt, size, blocks };
      }
      default:
        return kind satisfies never;
    }
  }

  #manifest(): Manifest {
    const count = (kind: ManifestEntry['kind']) =>
      this.#entries.reduce((sum, entry) => sum + (entry.kind === kind ? 1 : 0), 0);
    return {
      format: 'fortnight-manifest',
      version: 1,
      createdAt: this.#core.spec.startedAt,
      parent: this.#ready?.parent ?? null,
      blockBytes: this.#core.spec.blockBytes,
      totals: {
        files: count('file'),
        directories: count('directory'),
        symlinks: count('symlink'),
        sourceBytes: this.#sourceBytes,
        blocks: this.#window.blocks,
        storedBytes: this.#window.storedBytes,
      },
      entries: this.#entries,
    };
  }

  accept(message: TransferMessage): void {
    if (this.#isAccepted(message)) return;
    throw new FortnightError('protocol.violation', `"${message.type}" is not allowed here.`);
  }

  #isAccepted(message: TransferMessage): boolean {
    switch (message.type) {
      case 'backup.ready':
        if (this.#ready !== null) return false;
        this.#ready = { parent: message.parent };
        break;
      case 'blocks.answer':
        return this.#window.acceptAnswer(message.need, message.have, message.haveBytes);
      case 'blocks.stored':
        return this.#window.acceptStored(message.ids);
      case 'transfer.done':
        if (this.#restorePoint === null) return false;
        if (message.totals.restorePoint !== this.#restorePoint) return false;
        this.#done = message.totals;
        break;
      default:
        return false;
    }
    this.#changed.wake();
    return true;
  }
}
