import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests of whole processes take longest: begun first, none of them is waited for alone at the end. */
class ProcessesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const ofProcesses = ({ moduleId }: TestSpecification) => /\/test\/(?:integration|e2e)\//.test(moduleId);
    return [...sorted.filter(ofProcesses), ...sorted.filter((file) => !ofProcesses(file))];
  }
}

// Tests start many processes and threads: each would compile its code anew.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/keyward', import.meta.url));

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Files share a process and its modules, which Node loads as it does in production: mock no module.
    isolate: false,
    restoreMocks: true,
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // For a test that hangs. A busy machine makes none of them fail.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    sequence: { sequencer: ProcessesFirst },
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'json-summary'] },
  },
});
