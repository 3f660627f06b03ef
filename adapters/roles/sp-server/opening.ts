import type { TenantCheck } from '../../../machines/backup-session/index.ts';
import { selectRoute } from '../../../machines/mode-selection/index.ts';
import type { JsonObject } from '../../../machines/ports/event-log.ts';
import type { ErrorCode } from '../../../machines/rules/errors.ts';
import { nameProblem } from '../../../machines/rules/layout.ts';
import {
  type EffectiveLifetime,
  effectiveLifetime,
  type RenewalRule,
  renewalRule,
} from '../../../machines/rules/lifetimes.ts';
import type { Reason, Route } from '../../../machines/rules/route.ts';
import { scopeId } from '../../../machines/rules/scope.ts';
import type { RouteSettings } from '../../../machines/rules/settings.ts';
import { isBlockSize } from '../../backup-format/block.ts';
import type { TenantMessage } from '../messages.ts';
import type { QuotaAccount } from './quota-book.ts';
import type { SpRepository, SpTenant } from './settings.ts';

export type OpenMessage = Extract<TenantMessage, { type: 'session.open' }>;

export function routeSettingsOf(repository: SpRepository, asked: OpenMessage): RouteSettings {
  return {
    storage: repository.storage,
    mode: repository.mode,
    access: repository.access,
    jobKind: asked.jobKind,
    hasGatewayServer: repository.gatewayServer !== null,
    hasMountServer: repository.mountServer !== null,
    strictGateway: repository.strictGateway,
    needsHttpProxy: repository.needsHttpProxy || asked.needsHttpProxy,
    isTenantConfigBackup: asked.isTenantConfigBackup,
    hasImmutability: repository.hasImmutability,
  };
}

/** Who may open what: `null` when nothing speaks against it. */
export function openingProblem(
  tenant: SpTenant | undefined,
  repository: SpRepository | undefined,
  asked: OpenMessage,
): ErrorCode | null {
  if (tenant === undefined || repository === undefined) return 'settings.unknown';
  if (tenant.disabled) return 'tenant.disabled';
  const isKnownSubtenant = tenant.subtenants.some(({ name }) => name === asked.subtenant);
  if (asked.subtenant !== null && !isKnownSubtenant) return 'settings.unknown';
  if (asked.operation !== 'list' || asked.backup !== '') {
    // §6: names come from people; what could leave the tenant's folder does not get a session.
    if (nameProblem('backup', asked.backup) !== null) return 'request.invalid';
  }
  const { restorePoint, blockBytes } = asked;
  if (restorePoint !== null && nameProblem('restore point', restorePoint) !== null) {
    return 'request.invalid';
  }
  return isBlockSize(blockBytes) ? null : 'request.invalid';
}

/** Q4: a subtenant draws from its own account and from its tenant's. */
export function accountsOf(
  tenant: SpTenant,
  repository: string,
  subtenant: string | null,
): readonly QuotaAccount[] {
  const whole = { tenant: tenant.name, subtenant: null, repository };
  const accounts: QuotaAccount[] = [{ id: scopeId(whole), quotaBytes: tenant.quotaBytes }];
  const own = tenant.subtenants.find(({ name }) => name === subtenant);
  if (subtenant !== null && own !== undefined && own.quotaBytes !== null) {
    accounts.push({ id: scopeId({ ...whole, subtenant }), quotaBytes: own.quotaBytes });
  }
  return accounts;
}

export type OpeningDecision =
  | {
      readonly ok: true;
      readonly route: Route;
      readonly reasons: readonly Reason[];
      readonly rule: RenewalRule | null;
      readonly check: TenantCheck | null;
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly rule: string };

/** C14 for a repository: what its credentials really live, and where the line really is. */
export function lifetimeOf(
  repository: SpRepository,
  rule: RenewalRule,
  issuerMaximumMs: number,
): EffectiveLifetime {
  return effectiveLifetime(rule, issuerMaximumMs, {
    adaptThreshold: repository.adaptThreshold,
    renewalFloorMs: repository.renewalFloorMs,
  });
}

/** Asks the mode-selection machine, and derives from the route how the tenant checks (C2, C11). */
export function decideOpening(
  repository: SpRepository,
  asked: OpenMessage,
  issuerMaximumMs: number,
): OpeningDecision {
  const { decision, reasons } = selectRoute(routeSettingsOf(repository, asked));
  if (!decision.ok) return decision;
  const { route } = decision;
  const rule = renewalRule(repository.storage, route.credential, {
    sasOverride: repository.sasOverride,
    entraId: repository.entraId,
  });
  const check: TenantCheck | null =
    rule === null
      ? null
      : {
          renewBelowMs: lifetimeOf(repository, rule, issuerMaximumMs).renewBelowMs,
          includesLine: rule.includesLine,
          isByTenant: rule.checkedAt === 'connect' && repository.checkClock === 'tenant',
        };
  return { ok: true, route, reasons, rule, check };
}

/** All settings that the choice depended on, so that a checker can ask the oracle again (I1). */
export function routeFacts(
  settings: RouteSettings,
  route: Route,
  reasons: readonly Reason[],
): JsonObject {
  return {
    ...settings,
    ...route,
    rules: reasons.map((reason) => reason.rule),
  };
}

/** C4, C21: which limits the repository's SAS have, so that a checker can tell (I28, I30). */
export function sasLimitsFact(repository: SpRepository): JsonObject {
  if (repository.storage !== 'azure') return {};
  if (repository.entraId) return { sasLimits: 'entra' };
  return { sasLimits: repository.sasOverride === null ? 'default' : 'override' };
}
