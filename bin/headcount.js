#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);

if (existsSync(main)) {
  const { start } = await import(main.href);
  await start();
} else {
  process.stderr.write(
    'error: Headcount is not built yet, which takes the packages of its development\nnext:  npm ci && npm run build\n',
  );
  process.exitCode = 5;
}
