import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Apart from the project's own tests: this file starts a real server. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../../../..', import.meta.url)),
    include: ['test/real/wire/contracts/ceph.contracts.ts'],
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
