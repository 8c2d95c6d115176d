// Does it parse? One checker a language; nothing is executed. What cannot be checked is said, not passed over.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import type * as Acorn from 'acorn';
import type * as TypeScript from 'typescript';
import { oneLine } from './clean.ts';
import { findJsonFault } from './json.ts';
import { placeInside } from './paths.ts';
import { checkPython } from './python.ts';
import type { Finding, Validation } from './tools.ts';

/** A file that is to be checked. */
export type Source = { readonly path: string; readonly text: string };

type Checker = (source: Source) => Promise<readonly Finding[]>;

/** JavaScript, by what its file may be parsed as. Elsewhere only the package decides whether `.js` is a module. */
const plainScripts = {
  '.js': ['module', 'commonjs'],
  '.mjs': ['module'],
  '.cjs': ['commonjs'],
} as const;

const scripts = [...Object.keys(plainScripts), '.jsx', '.ts', '.mts', '.cts', '.tsx'];

/** Files that are JSON with comments. */
const COMMENTED = /(?:^|\/)(?:tsconfig|jsconfig)[^/]*\.json$|\.jsonc$/;

/** Parsers run in this process, where nothing can stop them: larger files are not checked, in bytes. */
const MOST_BYTES = 200_000;

/** Findings of one file that are worth telling. */
const MOST_FINDINGS = 20;

/** Parsers are loaded on first use and at once: whoever simulates must not wait for a disk. */
const require = createRequire(import.meta.url);

const acorn = (): typeof Acorn => require('acorn');

/** It takes 60 MB and 0.4 s of processor; 1 s by `import`, which reads its 9 MB twice more to guess what they are. */
const typescript = (): typeof TypeScript => require('typescript');

/** Whether it is JavaScript, which is known without the compiler and in a tenth of its time. */
function isJavaScript({ path, text }: Source): boolean {
  const { parse } = acorn();
  const kinds = Object.entries(plainScripts).find(([kind]) => kind === extname(path).toLowerCase())?.[1] ?? [];
  return kinds.some((sourceType) => {
    try {
      parse(text, { ecmaVersion: 'latest', sourceType });
      return true;
    } catch {
      return false;
    }
  });
}

/** What is no plain JavaScript may be JSX or TypeScript; the compiler says what it is, and where it goes wrong. */
async function checkScript(source: Source): Promise<readonly Finding[]> {
  if (isJavaScript(source)) return [];
  const ts = typescript();
  const { diagnostics = [] } = ts.transpileModule(source.text, {
    fileName: source.path,
    reportDiagnostics: true,
    compilerOptions: {
      allowJs: true,
      jsx: ts.JsxEmit.Preserve,
      target: ts.ScriptTarget.ESNext,
      module: ts.ModuleKind.ESNext,
    },
  });
  return diagnostics
    .filter((found) => found.category === ts.DiagnosticCategory.Error)
    .slice(0, MOST_FINDINGS)
    .map((found) => ({
      path: source.path,
      ...placeOf(source.text, found.start ?? 0),
      message: ts.flattenDiagnosticMessageText(found.messageText, ' '),
    }));
}

async function checkCommentedJson(source: Source): Promise<readonly Finding[]> {
  const ts = typescript();
  const { error } = ts.parseConfigFileTextToJson(source.path, source.text);
  if (!error) return [];
  const { line, column } = placeOf(source.text, error.start ?? 0);
  return [{ path: source.path, line, column, message: ts.flattenDiagnosticMessageText(error.messageText, ' ') }];
}

function checkJson(source: Source): Promise<readonly Finding[]> {
  const fault = findJsonFault(source.text);
  if (!fault) return Promise.resolve([]);
  return Promise.resolve([{ path: source.path, ...placeOf(source.text, fault.at), message: fault.message }]);
}

async function checkYaml(source: Source): Promise<readonly Finding[]> {
  const { isScalar, parseAllDocuments, visit } = await import('yaml');
  // The parser compares every key with every other one, which takes minutes for a large file: done here in one pass.
  const documents = parseAllDocuments(source.text, { uniqueKeys: false, prettyErrors: false, logLevel: 'silent' });
  const findings: Finding[] = [];
  const found = (at: number, message: string) =>
    findings.push({ path: source.path, ...placeOf(source.text, at), message: oneLine(message) });
  for (const document of Array.isArray(documents) ? documents : []) {
    for (const error of document.errors) found(error.pos[0], error.message);
    if (document.errors.length > 0) continue;
    visit(document, {
      Map(_, map) {
        const seen = new Set<unknown>();
        for (const { key } of map.items) {
          if (!isScalar(key)) continue;
          if (seen.has(key.value)) found(key.range?.[0] ?? 0, `the key ${JSON.stringify(key.value)} is there twice`);
          seen.add(key.value);
        }
      },
    });
  }
  return findings.slice(0, MOST_FINDINGS);
}

/** Line and column, 1-based, of an offset. */
function placeOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
}

function checkerOf(path: string): Checker | undefined {
  const kind = extname(path).toLowerCase();
  if (scripts.includes(kind)) return checkScript;
  if (COMMENTED.test(path)) return checkCommentedJson;
  if (kind === '.json') return checkJson;
  if (kind === '.yaml' || kind === '.yml') return checkYaml;
  return undefined;
}

function isCode(path: string): boolean {
  return checkerOf(path) !== undefined || isPython(path);
}

/** The text of a file; undefined when it is gone, because the change deleted it. Throws PathRefused. */
async function readSource(dir: string, path: string): Promise<Source | undefined> {
  const { place, exists } = await placeInside(dir, path);
  return exists ? { path, text: await readFile(place, 'utf8') } : undefined;
}

export function isPython(path: string): boolean {
  return extname(path).toLowerCase() === '.py';
}

/** Checks one text in this process; for python, which cannot be, it only says when the text is too large. */
export async function checkSource(source: Source): Promise<Validation> {
  const { path, text } = source;
  const unchecked = (why: string): Validation => ({ findings: [], unchecked: [{ path, why }] });
  if (Buffer.byteLength(text) > MOST_BYTES) {
    return isCode(path) ? unchecked('it is larger than 200 KB') : { findings: [], unchecked: [] };
  }
  try {
    return { findings: (await checkerOf(path)?.(source)) ?? [], unchecked: [] };
  } catch (error) {
    // A parser that gives up (nesting too deep) has not said that the file is wrong.
    return unchecked(`the parser gave up: ${oneLine(error instanceof Error ? error.message : '')}`);
  }
}

/**
 * Checks the syntax of files below `dir`. Throws PathRefused.
 * @param env where python3 is looked for
 */
export async function validateFiles(
  dir: string,
  paths: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Validation> {
  const findings: Finding[] = [];
  const unchecked: { path: string; why: string }[] = [];
  const python: Source[] = [];
  for (const path of [...paths].sort()) {
    const source = await readSource(dir, path);
    if (!source) continue;
    const small = Buffer.byteLength(source.text) <= MOST_BYTES;
    if (small && isPython(path)) python.push(source);
    const checked = await checkSource(source);
    findings.push(...checked.findings);
    unchecked.push(...checked.unchecked);
  }
  const checked = await checkPython(python, env);
  findings.push(...checked.findings);
  unchecked.push(...checked.unchecked);
  return { findings, unchecked };
}
