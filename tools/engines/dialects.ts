// What is particular to each command line: how it is called, what it finds in its home, and what its events mean. Flags and
// events as of claude 2.1.330 and codex 0.169.0, both tried.

import { z } from 'zod';
import type { CliSettings } from '../../org/org.ts';
import type { CoderName, CoderTrouble, CoderUsage } from './coder.ts';
import type { CallUsage } from './meter.ts';

export type Call = {
  readonly settings: CliSettings;
  readonly schema: Readonly<Record<string, unknown>>;
  /** Its provider, as it reaches it, and what it takes for its key. */
  readonly url: string;
  readonly token: string;
  /** True when it runs in our sandbox: then its own would only be in the way. */
  readonly contained: boolean;
  /** Its home as it sees it. */
  readonly home: string;
};

/** What an event says: a line to watch, and whatever it tells of the end. */
export type Event = {
  readonly line?: string | undefined;
  readonly report?: unknown;
  readonly trouble?: CoderTrouble | undefined;
  /** The provider refused, and the program asks again. */
  readonly refused?: CoderTrouble | undefined;
  readonly usage?: CoderUsage | undefined;
};

export type Dialect = {
  readonly scheme: 'x-api-key' | 'bearer';
  args(call: Call): readonly string[];
  env(call: Call): Readonly<Record<string, string>>;
  /** Files of its home. */
  home(call: Call): Readonly<Record<string, string>>;
  /** For a program that has no budget of its own: what one call of its model used, as its provider's reply says. */
  used?(reply: string): CallUsage | undefined;
  /** Reads one event; undefined for one that says nothing to us. */
  read(event: unknown): Event | undefined;
};

/** What a provider's refusal means. */
function troubleOf(status: number | undefined, why: string): CoderTrouble {
  if (status === 401 || status === 403) return { code: 'missing_credentials', why, status };
  if (status === 429 || status === 529) return { code: 'quota_limited', why, status };
  if (status === 413) return { code: 'prompt_too_large', why, status };
  return { code: 'runner_failure', why, ...(status === undefined ? {} : { status }) };
}

function jsonIn(text: string | undefined): unknown {
  const fenced = /```(?:json)?\n([\s\S]*?)\n```\s*$/.exec(text ?? '')?.[1];
  try {
    return JSON.parse(fenced ?? text ?? '');
  } catch {
    return text;
  }
}

const ClaudeBlock = z.object({ type: z.string(), text: z.string().optional(), name: z.string().optional() });
const ClaudeEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('assistant'), message: z.object({ content: z.array(ClaudeBlock) }) }),
  z.object({
    type: z.literal('result'),
    subtype: z.string(),
    is_error: z.boolean(),
    result: z.string().optional(),
    structured_output: z.unknown().optional(),
    total_cost_usd: z.number().optional(),
    api_error_status: z.number().nullish(),
    usage: z.object({ input_tokens: z.number(), output_tokens: z.number() }).optional(),
    modelUsage: z.record(z.string(), z.unknown()).optional(),
  }),
  z.object({ type: z.literal('system'), subtype: z.string(), error_status: z.number().nullish() }),
]);

type ClaudeResult = Extract<z.infer<typeof ClaudeEvent>, { type: 'result' }>;

function claudeEnd({ subtype, is_error, result, api_error_status, structured_output, ...rest }: ClaudeResult): Event {
  const { usage, modelUsage = {}, total_cost_usd: cost } = rest;
  const model = Object.keys(modelUsage)[0] ?? 'claude';
  const used = usage && { model, inputTokens: usage.input_tokens, outputTokens: usage.output_tokens, cost };
  if (subtype.startsWith('error_max')) {
    return { usage: used, trouble: { code: 'limit', why: `claude stopped: ${subtype.replace('error_', '')}` } };
  }
  const said = (result ?? subtype).slice(0, 300);
  if (is_error) return { usage: used, trouble: troubleOf(api_error_status ?? undefined, `claude: ${said}`) };
  return { usage: used, report: structured_output ?? jsonIn(result) };
}

function claudeRefused(status: number | null | undefined): Event {
  const why = `its provider refuses${status == null ? '' : `: ${status}`}`;
  return { line: '[asks again]', refused: troubleOf(status ?? undefined, why) };
}

const claude: Dialect = {
  scheme: 'x-api-key',
  args: ({ settings: { turns, cost, worstCall, model }, schema }) => [
    ...['-p', '--bare', '--output-format', 'stream-json', '--verbose', '--no-session-persistence'],
    ...['--permission-mode', 'acceptEdits', '--allowedTools', 'Bash,Edit,Read'],
    // Its budget is looked at after each call: what one call can cost is held back.
    ...['--max-turns', String(turns), '--max-budget-usd', String(cost - worstCall)],
    ...['--json-schema', JSON.stringify({ ...schema, $schema: undefined })],
    ...(model === undefined ? [] : ['--model', model]),
  ],
  env: ({ url, token }) => ({
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_API_KEY: token,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
  }),
  home: () => ({}),
  read(json) {
    const event = ClaudeEvent.safeParse(json).data;
    if (event?.type === 'assistant') {
      const parts = event.message.content.map(({ text, name }) => text ?? (name === undefined ? '' : `[${name}]`));
      return { line: parts.join(' ').trim() };
    }
    if (event?.type === 'system') return event.subtype === 'api_retry' ? claudeRefused(event.error_status) : undefined;
    return event && claudeEnd(event);
  },
};

/** A schema as the Responses API wants it: every field required, what may be left out may be null; no limits of length. */
export function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  const {
    properties,
    required = [],
    items,
    anyOf,
    type,
    enum: values,
    description,
  } = schema as Record<string, unknown>;
  const kept = Object.fromEntries(
    Object.entries({ type, enum: values, description }).filter(([, value]) => value !== undefined),
  );
  if (items !== undefined) return { ...kept, items: strict(items) };
  if (anyOf !== undefined) return { ...kept, anyOf: strict(anyOf) };
  if (typeof properties !== 'object' || properties === null) return kept;
  const must = required as readonly string[];
  const fields = Object.entries(properties).map(([name, inner]) => {
    const field = strict(inner);
    return [name, must.includes(name) ? field : { anyOf: [field, { type: 'null' }] }];
  });
  return {
    ...kept,
    properties: Object.fromEntries(fields),
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

/** What was null because it could not be left out. */
function withoutNulls(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
}

const CodexItem = z.object({
  type: z.string(),
  text: z.string().optional(),
  command: z.string().optional(),
  message: z.string().optional(),
});
const CodexEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('item.completed'), item: CodexItem }),
  z.object({ type: z.literal('error'), message: z.string() }),
  z.object({ type: z.literal('turn.failed'), error: z.object({ message: z.string() }) }),
  z.object({
    type: z.literal('turn.completed'),
    usage: z.object({ input_tokens: z.number(), output_tokens: z.number() }),
  }),
]);

/** Of an error's text: the HTTP status that it names. */
function statusIn(message: string): number | undefined {
  const status = /\b(401|403|413|429|529)\b/.exec(message)?.[1];
  if (status !== undefined) return Number(status);
  return /rate limit|quota|usage limit/i.test(message) ? 429 : undefined;
}

function codexTrouble(message: string): Event {
  return { trouble: troubleOf(statusIn(message), `codex: ${message.slice(0, 300)}`) };
}

const CodexUsage = z.object({ input_tokens: z.number(), output_tokens: z.number() });

/** In the events of the Responses API: the model in each of them, what was used in the last one. */
function codexUsed(reply: string): CallUsage | undefined {
  const usage = CodexUsage.safeParse(
    jsonIn(/"usage":\s*(\{(?:[^{}]|\{[^{}]*\})*\})(?![\s\S]*"usage":\s*\{)/.exec(reply)?.[1]),
  ).data;
  const model = /"model":\s*"([^"]{1,100})"/.exec(reply)?.[1];
  return usage && model ? { model, inputTokens: usage.input_tokens, outputTokens: usage.output_tokens } : undefined;
}

const codex: Dialect = {
  scheme: 'bearer',
  used: codexUsed,
  args: ({ settings: { model }, contained, home }) => [
    ...['exec', '--json', '--ephemeral', '--skip-git-repo-check', '--ignore-rules'],
    ...['--sandbox', contained ? 'danger-full-access' : 'workspace-write'],
    ...['--output-schema', `${home}/report.schema.json`],
    ...(model === undefined ? [] : ['--model', model]),
    '-',
  ],
  env: ({ token, home }) => ({ HEADCOUNT_TOKEN: token, CODEX_HOME: `${home}/.codex` }),
  home: ({ url, schema }) => ({
    'report.schema.json': JSON.stringify(strict(schema)),
    '.codex/config.toml': [
      'model_provider = "headcount"',
      'approval_policy = "never"',
      // Instructions that lie in the product are data, not orders.
      'project_doc_max_bytes = 0',
      '[model_providers.headcount]',
      'name = "headcount"',
      `base_url = ${JSON.stringify(url)}`,
      'env_key = "HEADCOUNT_TOKEN"',
      'wire_api = "responses"',
      'request_max_retries = 1',
      'supports_websockets = false',
      '',
    ].join('\n'),
  }),
  read(json) {
    const event = CodexEvent.safeParse(json).data;
    if (event === undefined) return undefined;
    if (event.type === 'error') return codexTrouble(event.message);
    if (event.type === 'turn.failed') return codexTrouble(event.error.message);
    if (event.type === 'turn.completed') {
      const { input_tokens: inputTokens, output_tokens: outputTokens } = event.usage;
      return { usage: { model: 'codex', inputTokens, outputTokens, cost: undefined } };
    }
    const { type, text, command } = event.item;
    if (type === 'agent_message') return { line: text, report: withoutNulls(jsonIn(text)) };
    return command === undefined ? undefined : { line: `[${command}]` };
  },
};

export const dialects: Readonly<Record<CoderName, Dialect>> = { claude, codex };
