import {
  ACCESS_OPTIONS,
  CONNECTION_MODES,
  JOB_KINDS,
  type RouteSettings,
  STORAGE_KINDS,
} from '../../machines/rules/settings.ts';

const YES_NO = [false, true] as const;

/** Every input there is: 4 x 2 x 4 x 2 x 2^6. */
export function everySetting(): RouteSettings[] {
  const all: RouteSettings[] = [];
  for (const storage of STORAGE_KINDS)
    for (const mode of CONNECTION_MODES)
      for (const access of [null, ...ACCESS_OPTIONS])
        for (const jobKind of JOB_KINDS)
          for (let bits = 0; bits < 64; bits += 1) {
            const bit = (index: number): boolean => YES_NO[(bits >> index) & 1] ?? false;
            all.push({
              storage,
              mode,
              access,
              jobKind,
              hasGatewayServer: bit(0),
              hasMountServer: bit(1),
              strictGateway: bit(2),
              needsHttpProxy: bit(3),
              isTenantConfigBackup: bit(4),
              hasImmutability: bit(5),
            });
          }
  return all;
}
