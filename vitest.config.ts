import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take a minute or more, from the longest. */
const LONG = [
  /tests\/chaos\/chaos\./,
  /tests\/scenarios\./,
  /tests\/chaos\/cluster\./,
  /real-command-lines\./,
  /simulator\./,
];

/**
 * The chaos runs first, beside the many short tests that leave it room; then the other long ones, then those of the whole
 * program. In the order of their sizes the longest began last, and one worker waited for it with nothing to do.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const long = LONG.findIndex((name) => name.test(moduleId));
      if (long === 0) return 0;
      if (long > 0) return 1 + long;
      return moduleId.includes('/tests/e2e/') ? 1 + LONG.length : 1;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

// biome-ignore lint/style/noDefaultExport: vitest reads the default export of this file.
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', 'dist/**', 'products/**', 'scenarios/*/**', '.headcount/**'],
    globalSetup: ['tests/e2e/build.ts', 'tests/fixtures/folder.ts'],
    // Only what hangs may meet it: a machine may be four times slower than another, and tests share it.
    testTimeout: 180_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 150_000 } },
    // One more than CI has cores: clusters, back-offs and programs of others are waited for most of the time.
    maxWorkers: 3,
    // A process and its imports for each of some 240 files took a tenth of the time. What tests share must not depend on it
    // (tests/tidy.test.ts).
    isolate: false,
    sequence: { sequencer: LongestFirst },
  },
});
