import { assign, setup } from 'xstate';
import type { ErrorCode } from '../rules/errors.ts';
import type { Reason, Route, RouteDecision, TargetHost, TenantHost } from '../rules/route.ts';
import type { RouteSettings } from '../rules/settings.ts';
import { guards } from './mode-selection.guards.ts';

/**
 * Owns the choice of a route: its states are the questions that the rules ask, in the order in
 * which one rule beats another. It must not know how a route is carried out.
 */
interface ModeSelectionContext {
  readonly settings: RouteSettings;
  readonly reasons: readonly Reason[];
  readonly decision: RouteDecision | null;
}

export interface ModeSelectionOutput {
  readonly decision: RouteDecision;
  readonly reasons: readonly Reason[];
}

function tenantHost(settings: RouteSettings): TenantHost {
  return settings.jobKind === 'agent' ? 'agentMachine' : 'sourceProxy';
}

function gatewayRoute(settings: RouteSettings, targetHost: TargetHost, assumed: boolean): Route {
  const sourceHost = tenantHost(settings);
  return { dataPath: 'gateway', sourceHost, targetHost, credential: 'none', assumed };
}

function directRoute(settings: RouteSettings, credential: Route['credential']): Route {
  const host = tenantHost(settings);
  return { dataPath: 'direct', sourceHost: host, targetHost: host, credential, assumed: false };
}

export const modeSelectionMachine = setup({
  types: {
    context: {} as ModeSelectionContext,
    input: {} as RouteSettings,
    output: {} as ModeSelectionOutput,
  },
  guards,
  actions: {
    note: assign({
      reasons: ({ context }, reason: Reason) => [...context.reasons, reason],
    }),
    refuse: assign({
      decision: (_, refusal: { code: ErrorCode; rule: string }): RouteDecision => ({
        ok: false,
        ...refusal,
      }),
    }),
    takeGatewayServer: assign({
      decision: ({ context }, { assumed }: { assumed: boolean }): RouteDecision => ({
        ok: true,
        route: gatewayRoute(context.settings, 'gatewayServer', assumed),
      }),
    }),
    takeMountServer: assign({
      decision: ({ context }, { assumed }: { assumed: boolean }): RouteDecision => ({
        ok: true,
        route: gatewayRoute(context.settings, 'mountServer', assumed),
      }),
    }),
    takeDirect: assign({
      decision: (
        { context },
        { credential }: { credential: Route['credential'] },
      ): RouteDecision => ({ ok: true, route: directRoute(context.settings, credential) }),
    }),
  },
}).createMachine({
  id: 'modeSelection',
  context: ({ input }) => ({ settings: input, reasons: [], decision: null }),
  initial: 'askingOptionApplies',
  output: ({ context }) => {
    if (context.decision === null) throw new Error('mode selection ended without a decision');
    return { decision: context.decision, reasons: context.reasons };
  },
  states: {
    askingOptionApplies: {
      always: [
        {
          guard: 'hasOptionWithoutMeaning',
          target: 'refused',
          actions: [
            {
              type: 'note',
              params: {
                rule: 'M5',
                text: 'Access-permission options exist for S3-compatible storage only; for AWS, Google Cloud and Azure the connection mode alone decides.',
              },
            },
            {
              type: 'refuse',
              params: { code: 'route.optionNotApplicable' as const, rule: 'M5' },
            },
          ],
        },
        { target: 'askingJob' },
      ],
    },
    askingJob: {
      always: [
        {
          guard: 'isTenantConfigBackup',
          target: 'askingGatewayServer',
          actions: {
            type: 'note',
            params: {
              rule: 'X2',
              text: 'A tenant configuration backup always goes through the gateway.',
            },
          },
        },
        {
          guard: 'needsHttpProxy',
          target: 'askingGatewayServer',
          actions: {
            type: 'note',
            params: {
              rule: 'X1',
              text: 'A job that must use an HTTP proxy goes through the gateway.',
            },
          },
        },
        { target: 'askingStorageKind' },
      ],
    },
    askingStorageKind: {
      always: [
        { guard: 'isS3Compatible', target: 'askingOption' },
        {
          target: 'askingMode',
          actions: {
            type: 'note',
            params: {
              rule: 'M5',
              text: 'This storage kind has no access-permission option: the connection mode alone decides.',
            },
          },
        },
      ],
    },
    askingOption: {
      always: [
        { guard: 'isOptionUnset', target: 'askingModeWithoutOption' },
        {
          guard: 'isOptionBackupServer',
          target: 'askingMountServer',
          actions: {
            type: 'note',
            params: {
              rule: 'M3',
              text: 'The option "provided by the backup server" beats the connection mode: no credential goes to the tenant.',
            },
          },
        },
        {
          guard: 'isStrictAgainstOption',
          target: 'refused',
          actions: [
            {
              type: 'note',
              params: {
                rule: 'M7',
                text: 'The option would make the route direct although the mode says gateway; strictGateway refuses that.',
              },
            },
            { type: 'refuse', params: { code: 'route.strictGateway' as const, rule: 'M7' } },
          ],
        },
        {
          guard: 'isOptionShare',
          target: 'selected',
          actions: [
            {
              type: 'note',
              params: {
                rule: 'M3',
                text: 'The option "share credentials" beats the connection mode: the route is direct.',
              },
            },
            {
              type: 'note',
              params: {
                rule: 'C7',
                text: 'The tenant receives the full credential of the repository.',
              },
            },
            { type: 'takeDirect', params: { credential: 'shared' as const } },
          ],
        },
        {
          target: 'selected',
          actions: [
            {
              type: 'note',
              params: {
                rule: 'M3',
                text: 'The option "provided by IAM/STS" beats the connection mode: the route is direct.',
              },
            },
            {
              type: 'note',
              params: {
                rule: 'C18',
                text: 'The service provider creates a credential limited to the folder of the tenant.',
              },
            },
            { type: 'takeDirect', params: { credential: 'limited' as const } },
          ],
        },
      ],
    },
    askingModeWithoutOption: {
      always: [
        {
          guard: 'isGatewayMode',
          target: 'askingGatewayServer',
          actions: {
            type: 'note',
            params: {
              rule: 'M6',
              text: 'No option is set and the mode is gateway: plain gateway mode.',
            },
          },
        },
        {
          guard: 'hasMountServer',
          target: 'selected',
          actions: [
            {
              type: 'note',
              params: {
                rule: 'M4',
                text: 'No option is set yet: data goes through the cloud gateway although the mode says direct.',
              },
            },
            {
              type: 'note',
              params: {
                rule: 'M6',
                text: 'The default option is assumed: the target data mover runs on the mount server.',
              },
            },
            { type: 'takeMountServer', params: { assumed: true } },
          ],
        },
        {
          guard: 'hasGatewayServer',
          target: 'selected',
          actions: [
            {
              type: 'note',
              params: {
                rule: 'M4',
                text: 'No option is set yet: data goes through the cloud gateway although the mode says direct.',
              },
            },
            {
              type: 'note',
              params: {
                rule: 'M6',
                text: 'No mount server is configured: the target data mover runs on the gateway server.',
              },
            },
            { type: 'takeGatewayServer', params: { assumed: true } },
          ],
        },
        { target: 'refusedWithoutGatewayServer' },
      ],
    },
    askingMode: {
      always: [
        {
          guard: 'isGatewayMode',
          target: 'askingGatewayServer',
          actions: {
            type: 'note',
            params: { rule: 'M1', text: 'The connection mode of the repository is gateway.' },
          },
        },
        {
          guard: 'isAzureImmutable',
          target: 'refused',
          actions: [
            {
              type: 'note',
              params: {
                rule: 'X3',
                text: 'Azure with immutability is refused in direct mode; use the gateway mode.',
              },
            },
            { type: 'refuse', params: { code: 'route.immutabilityDirect' as const, rule: 'X3' } },
          ],
        },
        {
          target: 'askingDirectCredential',
          actions: {
            type: 'note',
            params: { rule: 'M1', text: 'The connection mode of the repository is direct.' },
          },
        },
      ],
    },
    askingDirectCredential: {
      always: [
        {
          guard: 'isAzure',
          target: 'selected',
          actions: [
            {
              type: 'note',
              params: { rule: 'C3', text: 'The tenant receives SAS links.' },
            },
            { type: 'takeDirect', params: { credential: 'sas' as const } },
          ],
        },
        {
          target: 'selected',
          actions: [
            {
              type: 'note',
              params: {
                rule: 'C1',
                text: 'The tenant receives a credential limited to its folder.',
              },
            },
            { type: 'takeDirect', params: { credential: 'limited' as const } },
          ],
        },
      ],
    },
    askingGatewayServer: {
      always: [
        {
          guard: 'hasGatewayServer',
          target: 'selected',
          actions: [
            {
              type: 'note',
              params: {
                rule: 'P2',
                text: 'The target data mover runs on the gateway server of the repository.',
              },
            },
            { type: 'takeGatewayServer', params: { assumed: false } },
          ],
        },
        { target: 'refusedWithoutGatewayServer' },
      ],
    },
    askingMountServer: {
      always: [
        {
          guard: 'hasMountServer',
          target: 'selected',
          actions: [
            {
              type: 'note',
              params: { rule: 'P6', text: 'The target data mover runs on the mount server.' },
            },
            { type: 'takeMountServer', params: { assumed: false } },
          ],
        },
        {
          target: 'refused',
          actions: [
            {
              type: 'note',
              params: {
                rule: 'P6',
                text: 'This option needs a mount server and none is configured for the repository.',
              },
            },
            { type: 'refuse', params: { code: 'route.mountServerMissing' as const, rule: 'P6' } },
          ],
        },
      ],
    },
    refusedWithoutGatewayServer: {
      always: {
        target: 'refused',
        actions: [
          {
            type: 'note',
            params: {
              rule: 'P2',
              text: 'The route needs a gateway server and none is configured for the repository.',
            },
          },
          { type: 'refuse', params: { code: 'route.gatewayServerMissing' as const, rule: 'P2' } },
        ],
      },
    },
    selected: { type: 'final' },
    refused: { type: 'final' },
  },
});
