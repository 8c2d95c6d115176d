// What a worker in a tool loop can do. A call is outside data: its arguments are parsed with the schema that the model was
// shown, and a call that does not fit is an answer to the model, never an action.

import { z } from 'zod';
import { checkAnswer, contractOf } from '../../brain/answers.ts';
import { buildBrief } from '../../brain/brief.ts';
import { type Findings, quoted } from '../../brain/knowledge/passage.ts';
import type { ToolCall, ToolSpec } from '../../brain/models/model.ts';
import type { PolicyCall, Refusal } from '../../bus/policy.ts';
import type { WorkReport } from '../../bus/records.ts';
import { PathRefused } from '../../tools/paths.ts';
import { toolsOf } from '../../tools/policy/gate.ts';
import type { TestRun } from '../../tools/tools.ts';
import { type Seen, webRead, webSearch } from '../../tools/web/tools.ts';
import type { Web } from '../../tools/web/web.ts';
import { ToolRefused, type Workbook } from './workbook.ts';

/** What one result may say, in bytes. */
const RESULT_BYTES = 16_000;
const MOST_PATHS = 500;
const MOST_HITS = 100;
const MOST_PASSAGES = 5;
const LINES = 400;

/** What a loop has in its hands. Those that are no function of the files are recorded steps. */
export type Hands = {
  readonly files: Workbook;
  /** Runs the product's tests on the files as they are. */
  readonly test: () => Promise<TestRun>;
  /** Searches what the company was given to read. */
  readonly recall: (question: string) => Promise<Findings>;
  /** Uses the web, as a recorded step. What comes back is from outside. */
  readonly browse: (use: (web: Web, signal: AbortSignal) => Promise<Seen>) => Promise<string>;
  /** Asks the policy gate. Why a call may not be done; undefined when it may. */
  readonly refused: (call: PolicyCall) => Promise<string | undefined>;
  /** Records what the path guard refuses. */
  readonly tell: (refusal: Refusal) => Promise<void>;
};

type Tool<S extends z.ZodType> = {
  readonly description: string;
  readonly input: S;
  run(input: z.infer<S>, hands: Hands): string | Promise<string>;
};

const tool = <S extends z.ZodType>(one: Tool<S>): Tool<S> => one;

const Path = z.string().min(1).describe('Relative to the product, with / between folders.');
const Folder = z.string().min(1).optional().describe('Only below this folder.');

function listed(paths: readonly string[]): string {
  const rest = paths.length - MOST_PATHS;
  return [...paths.slice(0, MOST_PATHS), ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n') || 'no files';
}

function numbered(text: string, from: number, count: number): string {
  const lines = text.split('\n');
  const shown = lines.slice(from - 1, from - 1 + count).map((line, index) => `${from + index}\t${line}`);
  const rest = lines.length - (from - 1 + shown.length);
  return [...shown, ...(rest > 0 ? [`(${rest} more lines)`] : [])].join('\n');
}

const tools = {
  list_files: tool({
    description: 'Lists the files of the product.',
    input: z.strictObject({ folder: Folder }),
    run: ({ folder }, { files }) => listed(files.paths(folder)),
  }),
  read_file: tool({
    description: `Shows lines of a file with their numbers, ${LINES} unless told.`,
    input: z.strictObject({
      path: Path,
      from: z.int().min(1).default(1).describe('First line.'),
      lines: z.int().min(1).max(2_000).default(LINES),
    }),
    run: async ({ path, from, lines }, { files }) => numbered(await files.read(path), from, lines),
  }),
  search_files: tool({
    description: 'Finds lines that contain a text, letter by letter.',
    input: z.strictObject({ text: z.string().min(1).max(200), folder: Folder }),
    run: async ({ text, folder }, { files }) => {
      const hits = await files.search(text, folder, MOST_HITS);
      return hits.map(({ path, line, text: found }) => `${path}:${line}: ${found}`).join('\n') || 'not found';
    },
  }),
  write_file: tool({
    description: 'Writes a whole file, new or not.',
    input: z.strictObject({ path: Path, content: z.string() }),
    run: ({ path, content }, { files }) => {
      files.write(path, content);
      return `${path} is written`;
    },
  }),
  edit_file: tool({
    description: 'Replaces a text that is in a file exactly once.',
    input: z.strictObject({ path: Path, old: z.string().min(1), new: z.string() }),
    run: async ({ path, old, new: replacement }, { files }) => {
      await files.edit(path, old, replacement);
      return `${path} is changed`;
    },
  }),
  delete_file: tool({
    description: 'Deletes a file.',
    input: z.strictObject({ path: Path }),
    run: ({ path }, { files }) => {
      files.remove(path);
      return `${path} is deleted`;
    },
  }),
  run_tests: tool({
    description: "Checks the syntax of what was changed and runs the product's tests, in a sandbox.",
    input: z.strictObject({}),
    run: async (_, { test }) => {
      const { summary, tail } = await test();
      return `${summary}\n${tail}`.trim();
    },
  }),
  ask_knowledge: tool({
    description: 'Searches what the company was given to read.',
    input: z.strictObject({ question: z.string().min(1).max(500) }),
    run: async ({ question }, { recall }) => {
      const { passages, trouble } = await recall(question);
      const about = {
        name: 'What is written about it',
        text: quoted(passages.slice(0, MOST_PASSAGES)),
        untrusted: true,
      };
      const note = trouble === undefined ? '' : `(not everything could be asked: ${trouble})`;
      return [buildBrief([{ ...about, budget: RESULT_BYTES }]).text || 'nothing is written about it', note]
        .join('\n')
        .trim();
    },
  }),
  web_search: tool({
    description: webSearch.description,
    input: webSearch.input,
    run: async (input, { browse }) => outside(await browse((web, signal) => webSearch.run(input, web, signal))),
  }),
  web_read: tool({
    description: webRead.description,
    input: webRead.input,
    run: async (input, { browse }) => outside(await browse((web, signal) => webRead.run(input, web, signal))),
  }),
} as const;

/** Text of the web as a model may read it: fenced. */
function outside(text: string): string {
  return buildBrief([{ name: 'What the web says', text, untrusted: true, budget: RESULT_BYTES }]).text;
}

/** How a loop ends. */
const FINISH = 'finish';

/** What the model is shown: the tools of its role, without those of the web where the company has none, and how it ends. */
export function toolSpecs(role: Parameters<typeof toolsOf>[0], hasWeb: boolean): readonly ToolSpec[] {
  const own = toolsOf(role);
  const known = Object.entries(tools).filter(([name]) => own.includes(name) && (hasWeb || !name.startsWith('web_')));
  const shown = known.map(([name, { description, input }]) => ({
    name,
    description,
    input: z.toJSONSchema(input, { io: 'input' }) as ToolSpec['input'],
  }));
  const finish = 'Hands the work in, with your report on it. Nothing can be changed after it.';
  return [...shown, { name: FINISH, description: finish, input: contractOf('work').schema }];
}

export type Performed =
  | { readonly text: string; readonly isError: boolean }
  /** The work is handed in. */
  | { readonly report: WorkReport };

const refused = (text: string): Performed => ({ text, isError: true });

/** A text of at most RESULT_BYTES; what is cut is said. */
function bounded(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= RESULT_BYTES) return text;
  const kept = bytes
    .subarray(0, RESULT_BYTES)
    .toString('utf8')
    .replace(/\uFFFD$/, '');
  return `${kept}\n[cut: ${bytes.length - RESULT_BYTES} bytes left out]`;
}

function firstIssue({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.join('.') || 'arguments'}: ${issue?.message ?? 'invalid'}`;
}

/**
 * Does what one call asks for, or says why not. What a tool throws of its own, such as a WorkFailure, passes.
 */
export async function perform({ name, input }: ToolCall, hands: Hands): Promise<Performed> {
  const call = { tool: name, summary: JSON.stringify(input ?? null).slice(0, 200) };
  const why = await hands.refused(call);
  if (why !== undefined) return refused(`not done, by policy: ${why}`);
  if (name === FINISH) {
    const parsed = checkAnswer('work', input);
    return parsed.ok ? { report: parsed.answer } : refused(parsed.reason);
  }
  if (!Object.hasOwn(tools, name)) {
    return refused(
      `there is no tool ${JSON.stringify(name.slice(0, 60))}; there are ${[...Object.keys(tools), FINISH].join(', ')}`,
    );
  }
  const found: Tool<z.ZodType> = tools[name as keyof typeof tools] as unknown as Tool<z.ZodType>;
  const parsed = found.input.safeParse(input);
  if (!parsed.success) return refused(`${name} was not called: ${firstIssue(parsed.error)}`);
  try {
    return { text: bounded(await found.run(parsed.data, hands)), isError: false };
  } catch (error) {
    if (error instanceof PathRefused) {
      await hands.tell({ ...call, rule: 'path', reason: error.message });
      return refused(error.message);
    }
    if (error instanceof ToolRefused) return refused(error.message);
    throw error;
  }
}
