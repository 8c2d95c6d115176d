// The bundled Chroma server as it is installed: a program of the chromadb package, and a binding that comes as an optional
// dependency where there is one for the platform. Nothing is loaded here: only a start says whether it runs.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { StoreTrouble } from '../store.ts';

/** What chromadb has a binding for; its program refuses the only one that there is for Windows. */
const BINDINGS: Readonly<Record<string, string>> = {
  'darwin-arm64': 'chromadb-js-bindings-darwin-arm64',
  'darwin-x64': 'chromadb-js-bindings-darwin-x64',
  'linux-arm64': 'chromadb-js-bindings-linux-arm64-gnu',
  'linux-x64': 'chromadb-js-bindings-linux-x64-gnu',
};

type Machine = {
  /** `linux-x64`. */
  readonly platform: string;
  /** Where a package is, seen from here; throws when it is not installed. */
  readonly resolve: (name: string) => string;
};

const here: Machine = {
  platform: `${process.platform}-${process.arch}`,
  resolve: createRequire(import.meta.url).resolve,
};

/** What stands in the way of the bundled server before it is tried; undefined: nothing that can be seen. */
export function obstacle({ platform, resolve }: Machine = here): string | undefined {
  const binding = BINDINGS[platform];
  if (binding === undefined) return `Chroma has no server for ${platform}`;
  try {
    createRequire(resolve('chromadb')).resolve(binding);
    return undefined;
  } catch {
    return `${binding}, an optional dependency, is not installed`;
  }
}

/** The program of the bundled server. Throws StoreTrouble where it cannot be had. */
export function bundledProgram(): string {
  const missing = obstacle();
  if (missing === undefined) return join(dirname(here.resolve('chromadb')), '..', 'cli.mjs');
  throw new StoreTrouble(
    'CHROMA_MISSING',
    `the bundled Chroma server cannot run here: ${missing}`,
    'npm install --include=optional; or set CHROMA_URL, or `knowledge: { store: embedded }` in org.yaml',
  );
}
