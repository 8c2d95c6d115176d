// Writes the generated documents, or with `--check` compares them: `node dist/cli/generate.js [--check]`.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dutyFacts } from '../actors/duties/registry.ts';
import { orgJsonSchema } from '../org/json-schema.ts';
import { loadOrg, readOrg } from '../org/load.ts';
import { scenarioJsonSchema } from '../scenarios/schema.ts';
import { chartNames, drawChart } from './charts.ts';
import { invariantsDocument, machinesDocument, subjectsDocument } from './documents.ts';
import { packageRoot } from './package-root.ts';

/**
 * Every generated file: its path in the project and its text, which ends with a newline. The same sources give the same text.
 * @param root the folder of package.json, for org/org.yaml
 */
export function generatedFiles(root: string): ReadonlyMap<string, string> {
  const org = loadOrg(readOrg(join(root, 'org/org.yaml'), 'org/org.yaml'), { duties: dutyFacts() });
  const policy = org.roles[0]?.policy;
  const charts = chartNames.flatMap((name) => (policy && drawChart(name, { ...org, agent: policy })) ?? []);
  return new Map([
    ['docs/invariants.md', invariantsDocument()],
    ['docs/machines.md', machinesDocument(charts)],
    ['docs/subjects.md', subjectsDocument()],
    ['org/org.schema.json', orgJsonSchema(dutyFacts().keys())],
    ['scenarios/scenario.schema.json', scenarioJsonSchema()],
  ]);
}

/** Paths of generated files that are missing or say something else. */
export function staleFiles(root: string): string[] {
  const read = (path: string) => {
    try {
      return readFileSync(join(root, path), 'utf8');
    } catch {
      return undefined;
    }
  };
  return [...generatedFiles(root)].filter(([path, text]) => read(path) !== text).map(([path]) => path);
}

/** Writes what is stale; the paths written. */
export function writeStale(root: string): string[] {
  const files = generatedFiles(root);
  const stale = staleFiles(root);
  for (const path of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), files.get(path) ?? '');
  }
  return stale;
}

function run(argv: readonly string[]): number {
  if (!argv.includes('--check')) {
    for (const path of writeStale(packageRoot)) process.stdout.write(`wrote ${path}\n`);
    return 0;
  }
  const stale = staleFiles(packageRoot);
  for (const path of stale) process.stderr.write(`error: ${path} is stale\nnext:  npm run docs\n`);
  return stale.length === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = run(process.argv.slice(2));
}
