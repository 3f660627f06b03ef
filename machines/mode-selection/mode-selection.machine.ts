import { assign, setup } from 'xstate';
import type { ErrorCode } from '../rules/errors.ts';
import type { Reason, Route, RouteDecision, TargetHost, TenantHost } from '../rules/route.ts';
import type { RouteSettings } from '../rules/settings.ts';
import { guards } from './mode-selection.guards.ts';
import { REASONS } from './mode-selection.reasons.ts';

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

const note = (params: keyof typeof REASONS) => ({ type: 'note' as const, params });

export const modeSelectionMachine = setup({
  types: {
    context: {} as ModeSelectionContext,
    input: {} as RouteSettings,
    output: {} as ModeSelectionOutput,
  },
  guards,
  actions: {
    note: assign({
      reasons: ({ context }, name: keyof typeof REASONS) => [...context.reasons, REASONS[name]],
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
            note('optionNotApplicable'),
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
          actions: note('configBackupThroughGateway'),
        },
        {
          guard: 'needsHttpProxy',
          target: 'askingGatewayServer',
          actions: note('proxyThroughGateway'),
        },
        { target: 'askingStorageKind' },
      ],
    },
    askingStorageKind: {
      always: [
        { guard: 'isS3Compatible', target: 'askingOption' },
        {
          target: 'askingMode',
          actions: note('modeAloneDecides'),
        },
      ],
    },
    askingOption: {
      always: [
        { guard: 'isOptionUnset', target: 'askingModeWithoutOption' },
        {
          guard: 'isOptionBackupServer',
          target: 'askingMountServer',
          actions: note('backupServerOption'),
        },
        {
          guard: 'isStrictAgainstOption',
          target: 'refused',
          actions: [
            note('strictGateway'),
            { type: 'refuse', params: { code: 'route.strictGateway' as const, rule: 'M7' } },
          ],
        },
        {
          guard: 'isOptionShare',
          target: 'selected',
          actions: [
            note('shareOption'),
            note('fullCredential'),
            { type: 'takeDirect', params: { credential: 'shared' as const } },
          ],
        },
        {
          target: 'selected',
          actions: [
            note('iamStsOption'),
            note('limitedByProvider'),
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
          actions: note('plainGateway'),
        },
        {
          guard: 'hasMountServer',
          target: 'selected',
          actions: [
            note('noOptionYet'),
            note('assumedMountServer'),
            { type: 'takeMountServer', params: { assumed: true } },
          ],
        },
        {
          guard: 'hasGatewayServer',
          target: 'selected',
          actions: [
            note('noOptionYet'),
            note('assumedGatewayServer'),
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
          actions: note('gatewayMode'),
        },
        {
          guard: 'isAzureImmutable',
          target: 'refused',
          actions: [
            note('immutabilityRefused'),
            { type: 'refuse', params: { code: 'route.immutabilityDirect' as const, rule: 'X3' } },
          ],
        },
        {
          target: 'askingDirectCredential',
          actions: note('directMode'),
        },
      ],
    },
    askingDirectCredential: {
      always: [
        {
          guard: 'isAzure',
          target: 'selected',
          actions: [
            note('sasLinks'),
            { type: 'takeDirect', params: { credential: 'sas' as const } },
          ],
        },
        {
          target: 'selected',
          actions: [
            note('limitedCredential'),
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
            note('onGatewayServer'),
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
          actions: [note('onMountServer'), { type: 'takeMountServer', params: { assumed: false } }],
        },
        {
          target: 'refused',
          actions: [
            note('mountServerMissing'),
            { type: 'refuse', params: { code: 'route.mountServerMissing' as const, rule: 'P6' } },
          ],
        },
      ],
    },
    refusedWithoutGatewayServer: {
      always: {
        target: 'refused',
        actions: [
          note('gatewayServerMissing'),
          { type: 'refuse', params: { code: 'route.gatewayServerMissing' as const, rule: 'P2' } },
        ],
      },
    },
    selected: { type: 'final' },
    refused: { type: 'final' },
  },
});
