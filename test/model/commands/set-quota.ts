import fc from 'fast-check';
import { BLOCK_BYTES } from '../composed/jobs.ts';
import { CLIENTS, clientName } from '../composed/setting.ts';
import { type ComposedCommand, command } from './command.ts';

/** F33, F34, L9: lowered below what is used, to a few blocks, or raised again. */
export const setQuota: fc.Arbitrary<ComposedCommand> = fc
  .record({
    client: fc.constantFrom(...CLIENTS),
    blocks: fc.constantFrom(0, 3, 7, 12, 256),
  })
  .map(({ client, blocks }) =>
    command(`setQuota(${clientName(client)}, ${blocks} blocks)`, (world) =>
      world.setTenant(client.tenant, client.subtenant, { quotaBytes: blocks * BLOCK_BYTES }),
    ),
  );
