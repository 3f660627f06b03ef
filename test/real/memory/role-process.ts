/**
 * One role as an operating-system process of its own: in the lab the tenant's servers, the cloud
 * gateway and the SP share one. Orders and news go over the channel to the test.
 */
import { createRealClock } from '../../../adapters/clock/index.ts';
import { processSpawner } from '../../../adapters/compose/process-spawner.ts';
import { CloudGateway } from '../../../adapters/roles/cloud-gateway.ts';
import type { SessionJob } from '../../../adapters/roles/tenant-server/session-job.ts';
import { TenantServer } from '../../../adapters/roles/tenant-server/tenant-server.ts';
import { socketDialer, socketListeners } from '../../../adapters/transport/sockets.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import { createEventLog } from '../../../sim/kernel/index.ts';

export type RoleOrder =
  | { readonly role: 'gateway'; readonly spAddress: string }
  | {
      readonly role: 'tenant';
      readonly gatewayAddress: string;
      readonly tenant: string;
      readonly secret: string;
      readonly job: SessionJob;
    };

export type RoleNews =
  | { readonly type: 'listening'; readonly address: string }
  | { readonly type: 'mover'; readonly name: string; readonly pid: number }
  | { readonly type: 'state'; readonly state: string }
  | { readonly type: 'ended'; readonly state: string; readonly code: string | null };

const clock = createRealClock();
const tell = (news: RoleNews): boolean | undefined => process.send?.(news);
const onError = (error: unknown): never => {
  throw error;
};

async function runGateway(spAddress: string): Promise<void> {
  const gateway = new CloudGateway({
    transportClock: clock,
    dialer: socketDialer(),
    listeners: socketListeners(),
    spAddress,
    onError,
  });
  await gateway.start();
  tell({ type: 'listening', address: gateway.address });
}

async function runTenant(order: Extract<RoleOrder, { role: 'tenant' }>): Promise<void> {
  const server = new TenantServer({
    tenant: order.tenant,
    secret: new Secret(order.secret),
    clock,
    transportClock: clock,
    log: createEventLog({
      clock,
      keepsEvents: true,
      sinks: [
        ({ type, data }) => {
          if (type === 'session.state') tell({ type: 'state', state: String(data.state) });
        },
      ],
    }),
    dialer: socketDialer(),
    gatewayAddress: order.gatewayAddress,
    spawner: processSpawner({ onSpawn: (name, pid) => tell({ type: 'mover', name, pid }) }),
    onError,
  });
  const { state, code } = await server.run(order.job);
  tell({ type: 'ended', state, code });
}

process.once('message', (order: RoleOrder) => {
  void (order.role === 'gateway' ? runGateway(order.spAddress) : runTenant(order));
});
