import { afterAll, beforeAll, expect, test } from 'vitest';
import { RealClock } from '../../bus/clock.ts';
import { type ModelServer, modelServerWith } from '../../tests/fixtures/model-server.ts';
import { openWire } from './open-wire.ts';
import { ShownCall } from './shown-call.ts';

const path = 'src/a "quoted" name.js';
const calls = [
  { id: 'c1', name: 'edit_file', input: { path, old: 'x', new: 'y'.repeat(500) } },
  { id: 'c2', name: 'run_tests', input: {} },
];

let server: ModelServer;
beforeAll(async () => {
  server = await modelServerWith({
    answer: () => ({
      say: { text: 'Mending it.', calls: calls.map((call) => ({ ...call, input: JSON.stringify(call.input) })) },
    }),
  });
});
afterAll(() => server.close());

test.each([
  ['anthropic', undefined, ''],
  ['openai', 'responses', '/v1'],
  ['openai', 'chat', '/v1'],
] as const)('whoever watches hears of a call as soon as it begins: %s %s', async (kind, api, version) => {
  const settings = { name: 'stub', kind, url: `${server.url}${version}`, ...(api === undefined ? {} : { api }) };
  const wire = await openWire(settings, {}, new RealClock());
  const tools = calls.map(({ name }) => ({ name, description: name, input: { type: 'object' } }));
  const request = {
    model: 'm',
    system: 's',
    prompt: 'p',
    rounds: [],
    tools,
    schema: undefined,
    maxTokens: 99,
    label: '',
  };
  const heard: string[] = [];
  const reply = await wire.ask(request, new AbortController().signal, (part) => heard.push(part));
  expect(heard.join('')).toBe(`Mending it.\n[edit_file] ${path}\n[run_tests] `);
  expect(reply.calls).toEqual(calls);
  expect(reply.text).toBe('Mending it.');
});

test.each([
  ['comes in single letters', [...'{"path": "a\\"b.js", "x": "y"}'], 'a"b.js'],
  ['is no text', ['{"lines": 3, "path": "a.js"}'], undefined],
  ['is long, and may be cut within a secret', [`{"content": "${'x'.repeat(130)}`, 'y"}'], undefined],
  ['is no JSON', ['not json {', '"path": "a"'], undefined],
])('a first argument that %s', (_, parts, shown) => {
  const call = new ShownCall('edit_file');
  expect(parts.flatMap((part) => call.more(part) ?? []).join('') || undefined).toBe(shown);
});
