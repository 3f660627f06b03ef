import type { Reason } from '../rules/route.ts';

/** The sentence behind each answer that the machine gives itself, with the rule that says so. */
export const REASONS = {
  optionNotApplicable: {
    rule: 'M5',
    text: 'Access-permission options exist for S3-compatible storage only; for AWS, Google Cloud and Azure the connection mode alone decides.',
  },
  configBackupThroughGateway: {
    rule: 'X2',
    text: 'A tenant configuration backup always goes through the gateway.',
  },
  proxyThroughGateway: {
    rule: 'X1',
    text: 'A job that must use an HTTP proxy goes through the gateway.',
  },
  modeAloneDecides: {
    rule: 'M5',
    text: 'This storage kind has no access-permission option: the connection mode alone decides.',
  },
  backupServerOption: {
    rule: 'M3',
    text: 'The option "provided by the backup server" beats the connection mode: no credential goes to the tenant.',
  },
  strictGateway: {
    rule: 'M7',
    text: 'The option would make the route direct although the mode says gateway; strictGateway refuses that.',
  },
  shareOption: {
    rule: 'M3',
    text: 'The option "share credentials" beats the connection mode: the route is direct.',
  },
  fullCredential: {
    rule: 'C7',
    text: 'The tenant receives the full credential of the repository.',
  },
  iamStsOption: {
    rule: 'M3',
    text: 'The option "provided by IAM/STS" beats the connection mode: the route is direct.',
  },
  limitedByProvider: {
    rule: 'C18',
    text: 'The service provider creates a credential limited to the folder of the tenant.',
  },
  plainGateway: {
    rule: 'M6',
    text: 'No option is set and the mode is gateway: plain gateway mode.',
  },
  noOptionYet: {
    rule: 'M4',
    text: 'No option is set yet: data goes through the cloud gateway although the mode says direct.',
  },
  assumedMountServer: {
    rule: 'M6',
    text: 'The default option is assumed: the target data mover runs on the mount server.',
  },
  assumedGatewayServer: {
    rule: 'M6',
    text: 'No mount server is configured: the target data mover runs on the gateway server.',
  },
  gatewayMode: {
    rule: 'M1',
    text: 'The connection mode of the repository is gateway.',
  },
  immutabilityRefused: {
    rule: 'X3',
    text: 'Azure with immutability is refused in direct mode; use the gateway mode.',
  },
  directMode: {
    rule: 'M1',
    text: 'The connection mode of the repository is direct.',
  },
  sasLinks: {
    rule: 'C3',
    text: 'The tenant receives SAS links.',
  },
  limitedCredential: {
    rule: 'C1',
    text: 'The tenant receives a credential limited to its folder.',
  },
  onGatewayServer: {
    rule: 'P2',
    text: 'The target data mover runs on the gateway server of the repository.',
  },
  onMountServer: {
    rule: 'P6',
    text: 'The target data mover runs on the mount server.',
  },
  mountServerMissing: {
    rule: 'P6',
    text: 'This option needs a mount server and none is configured for the repository.',
  },
  gatewayServerMissing: {
    rule: 'P2',
    text: 'The route needs a gateway server and none is configured for the repository.',
  },
} as const satisfies Record<string, Reason>;
