import type { ErrorCode } from '../../../machines/rules/errors.ts';
import type { RouteSettings } from '../../../machines/rules/settings.ts';

/** What to do about a refused route: a sentence without its period, like every remedy. */
export function routeRemedy(code: ErrorCode, settings: RouteSettings): string {
  switch (code) {
    case 'route.optionNotApplicable':
      return 'leave the access option out';
    case 'route.strictGateway':
      return 'set the mode to direct, choose the option backup-server, or leave strictGateway out';
    case 'route.immutabilityDirect':
      return 'set the mode to gateway, or use a repository without immutability';
    case 'route.mountServerMissing':
      return 'configure a mount server for the repository, or choose the option share or iam-sts';
    case 'route.gatewayServerMissing':
      return `configure a gateway server for the repository${insteadOfGateway(settings)}`;
    default:
      throw new Error(`no route is refused with ${code}`);
  }
}

/** What else would do, depending on why the route goes through the gateway. */
function insteadOfGateway(settings: RouteSettings): string {
  if (settings.isTenantConfigBackup) return '';
  if (settings.needsHttpProxy) return ', or run the job without an HTTP proxy';
  if (settings.storage !== 's3-compatible') return ', or set the mode to direct';
  return settings.mode === 'direct'
    ? ' or a mount server, or choose the option share or iam-sts'
    : ', or choose an access option';
}
