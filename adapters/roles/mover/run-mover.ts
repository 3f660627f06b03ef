import type { Link } from '../../../machines/ports/link.ts';
import { tell } from '../messages.ts';
import type { MoverConfig, MoverEnvironment } from './config.ts';
import { runSourceMover } from './source-mover.ts';
import { TargetMover } from './target-mover.ts';

/**
 * A data mover on its parent's link: the first message configures it, the rest are orders. Loss of
 * the parent ends it, so that no mover outlives the server that started it.
 */
export function runMover(parent: Link, environment: MoverEnvironment): void {
  let stop = (): void => environment.onStopped();
  parent.onClose(() => stop());
  parent.onMessage(async (message) => {
    if (message.type === 'clock.adopt') {
      await environment.adoptClock?.(message.header.state);
      tell(parent, 'clock.adopted');
      return;
    }
    if (message.type !== 'mover.configure') return;
    const config = message.header as unknown as MoverConfig;
    if (config.role === 'source') stop = runSourceMover(parent, config, environment).stop;
    else await new TargetMover(parent, config, environment).start();
  });
}
