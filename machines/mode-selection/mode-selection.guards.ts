import type { RouteSettings } from '../rules/settings.ts';

/** The questions that the rules ask about the settings, each answerable with yes or no. */
interface Asked {
  readonly context: { readonly settings: RouteSettings };
}

export const guards = {
  hasOptionWithoutMeaning: ({ context: { settings } }: Asked) =>
    settings.storage !== 's3-compatible' && settings.access !== null,
  isTenantConfigBackup: ({ context }: Asked) => context.settings.isTenantConfigBackup,
  needsHttpProxy: ({ context }: Asked) => context.settings.needsHttpProxy,
  isS3Compatible: ({ context }: Asked) => context.settings.storage === 's3-compatible',
  isOptionUnset: ({ context }: Asked) => context.settings.access === null,
  isOptionBackupServer: ({ context }: Asked) => context.settings.access === 'backup-server',
  isStrictAgainstOption: ({ context: { settings } }: Asked) =>
    settings.mode === 'gateway' && settings.strictGateway,
  isOptionShare: ({ context }: Asked) => context.settings.access === 'share',
  isGatewayMode: ({ context }: Asked) => context.settings.mode === 'gateway',
  hasGatewayServer: ({ context }: Asked) => context.settings.hasGatewayServer,
  hasMountServer: ({ context }: Asked) => context.settings.hasMountServer,
  isAzure: ({ context }: Asked) => context.settings.storage === 'azure',
  isAzureImmutable: ({ context: { settings } }: Asked) =>
    settings.storage === 'azure' && settings.hasImmutability,
};
