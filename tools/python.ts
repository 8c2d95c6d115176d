// Python's own parser, by its own interpreter: parsed, never run, nothing written beside the sources.

import { tmpdir } from 'node:os';
import { z } from 'zod';
import { runLimited } from './process.ts';
import type { Finding, Validation } from './tools.ts';

const PARSE = `
import ast, json, sys
found = []
for path, text in json.load(sys.stdin):
    try:
        ast.parse(text, path)
    except SyntaxError as error:
        found.append([path, error.lineno or 1, error.offset or 1, error.msg or "invalid syntax"])
    except (ValueError, RecursionError, MemoryError) as error:
        found.append([path, 1, 1, type(error).__name__ + ": " + str(error)])
json.dump(found, sys.stdout)
`;

const Found = z.array(z.tuple([z.string(), z.number(), z.number(), z.string()]));

const limits = { timeoutMs: 10_000, memoryBytes: 512_000_000, outputBytes: 1_000_000 };

function whyNot(outcome: string): string {
  return outcome === 'missing' ? 'python3 is not on the PATH' : 'python3 could not parse it within its limits';
}

function parseFound(text: string): z.infer<typeof Found> | undefined {
  try {
    return Found.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Checks Python files, all in one interpreter. */
export async function checkPython(
  sources: readonly { readonly path: string; readonly text: string }[],
  env: NodeJS.ProcessEnv,
): Promise<Validation> {
  if (sources.length === 0) return { findings: [], unchecked: [] };
  const ended = await runLimited({
    argv: ['python3', '-I', '-S', '-B', '-c', PARSE],
    dir: tmpdir(),
    env: { PATH: env.PATH ?? '', HOME: env.HOME ?? tmpdir(), LC_ALL: 'C.UTF-8', PYTHONUTF8: '1' },
    limits,
    input: JSON.stringify(sources.map(({ path, text }) => [path, text])),
  });
  const found = ended.outcome === 'ended' && ended.code === 0 ? parseFound(ended.stdout) : undefined;
  if (!found) return { findings: [], unchecked: sources.map(({ path }) => ({ path, why: whyNot(ended.outcome) })) };
  const findings: Finding[] = found.map(([path, line, column, message]) => ({ path, line, column, message }));
  return { findings, unchecked: [] };
}
