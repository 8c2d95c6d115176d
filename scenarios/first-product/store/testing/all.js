// Every test in one process: starting Node once for each file would take longer than the tests.

import { readdirSync } from 'node:fs';

const folder = new URL('../test/', import.meta.url);
for (const name of readdirSync(folder).sort()) {
  if (name.endsWith('.test.js')) await import(new URL(name, folder).href);
}
