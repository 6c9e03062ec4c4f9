import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { NO_POSTGRES } from './test/support/postgres/programs.ts';

/** Tests of whole processes take longest: begun first, none of them is waited for alone at the end. */
class ProcessesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const ofProcesses = ({ moduleId }: TestSpecification) =>
      /\/test\/(?:integration\/[^/]+$|e2e\/)/.test(moduleId);
    return [...sorted.filter(ofProcesses), ...sorted.filter((file) => !ofProcesses(file))];
  }
}

// Tests start many processes and threads: each would compile its code anew.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/keyward', import.meta.url));

// Services as `keyward init` left them, for those that start later: `test/support/initialised.ts`.
const initialised = join(tmpdir(), `keyward-initialised-${process.pid}`);
process.env.TEST_INITIALISED = initialised;
process.once('exit', () => rmSync(initialised, { recursive: true, force: true }));

/** What runs whole services: each file has a process of its own, so that what it takes for now is no quarter of an hour old. */
const OF_SERVICES = [
  'test/{e2e,simulation,interop}/**/*.test.ts',
  // Those below it are of one capability each, over a real database, file system or program.
  'test/integration/*.test.ts',
  'test/contract/*.{softhsm,shim,link}.test.ts',
];

/** What they start is built before the first of them. */
const BUILT = 'test/support/build-service.ts';

/** Run once more with their services on PostgreSQL, where that is. */
const ON_BOTH_ENGINES = [
  'canaries',
  'compromise',
  'events',
  'forgery',
  'jws',
  'leaks',
  'lost-tail',
  'probes',
  'provisioning',
  'reports',
  'restored-database',
  'review',
  'revocation',
  'scope-matrix',
  'told-acts',
  'two-persons',
].map((name) => `test/integration/${name}.test.ts`);

/** The same of stores. */
const STORES_ON_BOTH_ENGINES = [
  'audit/checkpointer',
  'audit/sink-positions',
  'db/issued-reader',
  'db/key-use',
  'db/ledger-search',
  'db/signed/catch-up',
  'db/signed/two-fronts',
  'events/security-events',
  'notifications/outbox',
  'revocation/store',
].map((name) => `test/integration/${name}.test.ts`);

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 3,
    restoreMocks: true,
    // Node loads the sources as it does in production: mock no module.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // For a test that hangs. A busy machine makes none of them fail.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    sequence: { sequencer: ProcessesFirst },
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'json-summary'] },
    projects: [
      {
        extends: true,
        test: { name: 'services', include: OF_SERVICES, isolate: true, globalSetup: BUILT },
      },
      {
        extends: true,
        test: {
          name: 'services on PostgreSQL',
          include: NO_POSTGRES ? [] : ON_BOTH_ENGINES,
          isolate: true,
          globalSetup: BUILT,
          env: { TEST_STORE: 'postgres' },
        },
      },
      {
        extends: true,
        test: {
          name: 'stores on PostgreSQL',
          include: NO_POSTGRES ? [] : STORES_ON_BOTH_ENGINES,
          isolate: false,
          env: { TEST_STORE: 'postgres' },
        },
      },
      {
        extends: true,
        // Files share a process and its modules.
        test: { name: 'capabilities', include: ['test/**/*.test.ts'], exclude: OF_SERVICES, isolate: false },
      },
    ],
  },
});
