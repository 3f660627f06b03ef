import type { ErrorCode } from './errors.ts';
import type { RouteSettings } from './settings.ts';

export type DataPath = 'gateway' | 'direct';
export type TenantHost = 'sourceProxy' | 'agentMachine';
export type TargetHost = TenantHost | 'gatewayServer' | 'mountServer';
export type TenantCredential = 'none' | 'limited' | 'sas' | 'shared';

/** One step of the argument that led to a route, with the rule that it rests on. */
export interface Reason {
  readonly rule: string;
  readonly text: string;
}

export interface Route {
  readonly dataPath: DataPath;
  readonly sourceHost: TenantHost;
  readonly targetHost: TargetHost;
  /** What the tenant holds while the session runs. */
  readonly credential: TenantCredential;
  /** M6: the SP has not chosen an access option yet; the default was taken. */
  readonly assumed: boolean;
}

export type RouteDecision =
  | { readonly ok: true; readonly route: Route }
  | { readonly ok: false; readonly code: ErrorCode; readonly rule: string };

/**
 * The route table of `protocol.md` §1 as a total pure function: the oracle. The mode-selection
 * machine must agree with it on every input; neither calls the other.
 */
export function routeOracle(settings: RouteSettings): RouteDecision {
  const { storage, mode, access } = settings;
  const tenantHost: TenantHost = settings.jobKind === 'agent' ? 'agentMachine' : 'sourceProxy';
  const gatewayRoute = (targetHost: TargetHost, assumed = false): RouteDecision => {
    if (targetHost === 'gatewayServer' && !settings.hasGatewayServer) {
      return { ok: false, code: 'route.gatewayServerMissing', rule: 'P2' };
    }
    if (targetHost === 'mountServer' && !settings.hasMountServer) {
      return { ok: false, code: 'route.mountServerMissing', rule: 'P6' };
    }
    const route: Route = {
      dataPath: 'gateway',
      sourceHost: tenantHost,
      targetHost,
      credential: 'none',
      assumed,
    };
    return { ok: true, route };
  };
  const directRoute = (credential: TenantCredential): RouteDecision => ({
    ok: true,
    route: {
      dataPath: 'direct',
      sourceHost: tenantHost,
      targetHost: tenantHost,
      credential,
      assumed: false,
    },
  });

  if (storage !== 's3-compatible' && access !== null) {
    return { ok: false, code: 'route.optionNotApplicable', rule: 'M5' };
  }
  if (settings.needsHttpProxy || settings.isTenantConfigBackup)
    return gatewayRoute('gatewayServer');
  if (storage === 's3-compatible') {
    if (access === 'backup-server') return gatewayRoute('mountServer');
    if (access !== null) {
      if (mode === 'gateway' && settings.strictGateway) {
        return { ok: false, code: 'route.strictGateway', rule: 'M7' };
      }
      return directRoute(access === 'share' ? 'shared' : 'limited');
    }
    if (mode === 'gateway') return gatewayRoute('gatewayServer');
    return gatewayRoute(settings.hasMountServer ? 'mountServer' : 'gatewayServer', true);
  }
  if (mode === 'gateway') return gatewayRoute('gatewayServer');
  if (storage === 'azure' && settings.hasImmutability) {
    return { ok: false, code: 'route.immutabilityDirect', rule: 'X3' };
  }
  return directRoute(storage === 'azure' ? 'sas' : 'limited');
}
