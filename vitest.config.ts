import { defineConfig, type ViteUserConfig } from 'vitest/config'

// unit: pure code, no socket. sim: the embedded cluster in process. e2e: whole commands, kubectl, sockets on 127.0.0.1.
// A test file's project follows from its name: X.test.ts, X.sim.test.ts, X.e2e.test.ts. behaviour: the one suite that runs
// against two servers, whose files share one real control plane.
const common = { pool: 'forks' as const, testTimeout: 30_000 }

const config: ViteUserConfig = defineConfig({
  test: {
    // By itself vitest takes one worker on two cores; half of the e2e tests wait for somebody else.
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.sim.test.ts', 'test/**/*.e2e.test.ts', 'node_modules/**'],
        },
      },
      { test: { ...common, name: 'sim', include: ['test/**/*.sim.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          ...common,
          name: 'e2e',
          include: ['test/**/*.e2e.test.ts'],
          exclude: ['test/behaviour/**', 'node_modules/**'],
          globalSetup: ['test/controlplane/build-once.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          ...common,
          name: 'behaviour',
          include: ['test/behaviour/**/*.e2e.test.ts'],
          globalSetup: ['test/behaviour/control-plane.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})

export default config
