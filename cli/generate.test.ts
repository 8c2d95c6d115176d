import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { schemas } from '../bus/schemas.ts';
import { generatedFiles, staleFiles, writeStale } from './generate.ts';
import { packageRoot } from './package-root.ts';

const root = mkdtempSync(join(tmpdir(), 'headcount-docs-'));
mkdirSync(join(root, 'org'));
cpSync(join(packageRoot, 'org/org.yaml'), join(root, 'org/org.yaml'));
cpSync(join(packageRoot, 'org/prompts'), join(root, 'org/prompts'), { recursive: true });
afterAll(() => rmSync(root, { recursive: true }));

const paths = [
  'docs/invariants.md',
  'docs/machines.md',
  'docs/subjects.md',
  'org/org.schema.json',
  'scenarios/scenario.schema.json',
];

test('the same sources give the same documents, each ending with one newline', () => {
  const files = generatedFiles(root);
  expect([...files.keys()]).toEqual(paths);
  expect([...generatedFiles(root)]).toEqual([...files]);
  for (const text of files.values()) expect(text).toMatch(/[^\n]\n$/);
});

test('what is missing or changed is stale until it is written', () => {
  expect(staleFiles(root)).toEqual(paths);
  expect(writeStale(root)).toEqual(paths);
  expect(staleFiles(root)).toEqual([]);
  appendFileSync(join(root, 'docs/subjects.md'), 'by hand\n');
  expect(staleFiles(root)).toEqual(['docs/subjects.md']);
});

test('every chart and every message type is described', () => {
  const files = generatedFiles(root);
  const machines = files.get('docs/machines.md') ?? '';
  for (const name of ['agent', 'reward', 'company', 'schedule']) expect(machines).toContain(`\n## ${name}\n`);
  const subjects = files.get('docs/subjects.md') ?? '';
  for (const type of Object.keys(schemas)) expect(subjects).toContain(`| \`${type}\` |`);
});
