import type { LabCommands } from '../command-context.ts';

/** All commands that need a lab. Each is loaded when it runs: `warp` has no use for an SDK. */
export const labCommands: LabCommands = {
  tour: async (...given) => (await import('./run.ts')).tour(...given),
  run: async (...given) => (await import('./run.ts')).run(...given),
  backup: async (...given) => (await import('./backup.ts')).backup(...given),
  restore: async (...given) => (await import('./restore.ts')).restore(...given),
  list: async (...given) => (await import('./list.ts')).list(...given),
  verify: async (...given) => (await import('./upkeep.ts')).verify(...given),
  delete: async (...given) => (await import('./upkeep.ts')).deletePoint(...given),
  credentials: async (...given) => (await import('./credentials.ts')).credentials(...given),
  audit: async (...given) => (await import('./audit.ts')).audit(...given),
  warp: async (...given) => (await import('./warp.ts')).warp(...given),
};
