// What is shipped and started: our code in a few files. Node finds, reads and links a module in about a millisecond, and a
// command used to load 370 of them. Packages stay what they are. Types are checked apart from it (`npm run types`).

import { relative, sep } from 'node:path';
import { defineConfig } from 'rolldown';

const nameOf = (path: string): string => `${relative('.', path).replaceAll(sep, '-').replace(/\.ts$/, '')}.js`;

// biome-ignore lint/style/noDefaultExport: rolldown reads the default export of this file.
export default defineConfig({
  input: {
    main: 'cli/main.ts',
    generate: 'cli/generate.ts',
    // What runs in threads of its own, named by whoever starts them.
    'simulator-worker': 'simulator/worker.ts',
    'reading-thread': 'brain/knowledge/reading/thread.ts',
    bench: 'tests/bench/main.ts',
    chaos: 'tests/chaos/main.ts',
  },
  platform: 'node',
  external: /^[^./]/,
  output: {
    dir: 'dist',
    entryFileNames: '[name].js',
    // By path and without a hash: a company that runs while it is built again still finds what it has not loaded yet.
    chunkFileNames: ({ facadeModuleId, moduleIds }) =>
      facadeModuleId ? nameOf(facadeModuleId) : `part-${nameOf(moduleIds.at(-1) ?? 'chunk')}`,
    minifyInternalExports: false,
  },
});
