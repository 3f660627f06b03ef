import { FortnightError } from '../../machines/rules/errors.ts';
import { decodeManifest, type Manifest, type ManifestEntry } from '../backup-format/manifest.ts';
import type { EngineCore } from './engine-core.ts';
import { ManifestAssembler } from './manifest-transfer.ts';
import type { TransferMessage } from './messages.ts';
import { type SourceContext, type SourceOperation, sayHello } from './source-operation.ts';
import type { RestoreSink } from './types.ts';
import type { WaitList } from './wait-list.ts';
import { type WantedBlock, WantWindow } from './want-window.ts';

type FileEntry = Extract<ManifestEntry, { kind: 'file' }>;

/**
 * Restore and verify at the folder's end: fetches the blocks of the manifest in file order, checks
 * each, and writes (restore) or forgets (verify) them. A failure discards what was written.
 */
export class RestoreSourceOperation implements SourceOperation {
  readonly #core: EngineCore;
  readonly #sink: RestoreSink | null;
  readonly #changed: WaitList;
  readonly #assembler = new ManifestAssembler();
  #arrived: { readonly restorePoint: string; readonly object: Uint8Array } | null = null;
  #window: WantWindow | null = null;

  constructor({ core, sink }: SourceContext) {
    if (core.spec.operation === 'restore' && sink === null) {
      throw new Error('a restore needs a sink');
    }
    this.#core = core;
    this.#sink = core.spec.operation === 'restore' ? sink : null;
    this.#changed = core.waitList();
  }

  async run(): Promise<void> {
    if (this.#sink === null) {
      await this.#transfer(null);
      return;
    }
    // Outside the try: what `prepare` refuses is not ours to discard.
    await this.#sink.prepare();
    try {
      await this.#transfer(this.#sink);
    } catch (thrown) {
      this.#core.fail(thrown);
      await this.#sink.discard();
    }
  }

  async #transfer(sink: RestoreSink | null): Promise<void> {
    const core = this.#core;
    await sayHello(core);
    await this.#changed.until(() => this.#arrived !== null);
    const { restorePoint, object } = this.#arrived!;
    const manifest = decodeManifest(object, restorePoint);
    const plan = sink === null ? distinct(blocksInOrder(manifest)) : blocksInOrder(manifest);
    const window = new WantWindow(core, plan, manifest.blockBytes);
    this.#window = window;
    if (sink === null) {
      for (const { id } of distinct(blocksInOrder(manifest))) await window.take(id);
    } else await this.#write(manifest, window, sink);
    const totals = {
      restorePoint,
      files: manifest.totals.files,
      sourceBytes: manifest.totals.sourceBytes,
      storageBytes: core.linkBytes,
      blocksTotal: manifest.totals.blocks,
      blocksStored: 0,
      blocksReused: 0,
      freedBytes: 0,
      verified: true,
    };
    core.throwIfStopped();
    await core.send({ type: 'transfer.done', totals });
    core.complete(totals);
  }

  async #write(manifest: Manifest, window: WantWindow, sink: RestoreSink): Promise<void> {
    for (const entry of manifest.entries) {
      this.#core.throwIfStopped();
      const { path, kind, mode, modifiedAt } = entry;
      switch (kind) {
        case 'directory':
          await sink.directory(path, mode);
          break;
        case 'symlink':
          await sink.symlink(path, entry.target);
          break;
        case 'file':
          await sink.file(path, mode, modifiedAt, contentOf(entry, window));
          break;
        default:
          kind satisfies never;
      }
    }
    this.#core.throwIfStopped();
    await sink.finish();
  }

  accept(message: TransferMessage): void {
    switch (message.type) {
      case 'manifest.begin':
        if (![null, message.restorePoint].includes(this.#core.spec.restorePoint)) break;
        this.#assembler.begin(message.restorePoint, message.bytes);
        return;
      case 'manifest.part':
        this.#arrived = this.#assembler.add(message.payload);
        if (this.#arrived !== null) this.#changed.wake();
        return;
      case 'block.data':
        if (this.#window === null) break;
        this.#window.accept(message.id, message.payload);
        return;
      default:
        break;
    }
    throw new FortnightError('protocol.violation', `"${message.type}" is not allowed here.`);
  }
}

async function* contentOf(entry: FileEntry, window: WantWindow): AsyncGenerator<Uint8Array> {
  for (const id of entry.blocks) yield await window.take(id);
}

/** Every block at every place; the last one of a file may be shorter. */
function* blocksInOrder(manifest: Manifest): Generator<WantedBlock> {
  for (const entry of manifest.entries) {
    if (entry.kind !== 'file') continue;
    let leftBytes = entry.size;
    for (const id of entry.blocks) {
      yield { id, bytes: Math.min(leftBytes, manifest.blockBytes) };
      leftBytes -= manifest.blockBytes;
    }
  }
}

function* distinct(blocks: Iterable<WantedBlock>): Generator<WantedBlock> {
  const seen = new Set<string>();
  for (const block of blocks) {
    if (seen.has(block.id)) continue;
    seen.add(block.id);
    yield block;
  }
}
