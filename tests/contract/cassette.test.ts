// Cassettes with a real wire behind them: recorded from a server, then played without it.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCassette } from '../../brain/models/cassette.ts';
import { CassetteInvalid } from '../../brain/models/cassette-file.ts';
import type { Wire } from '../../brain/models/wire.ts';
import { createSecrets } from '../../tools/policy/secrets.ts';
import type { Turn } from '../fixtures/model-server.ts';
import { failureOf, KEY, lookUp, requestOf, stage } from './wire.contract.ts';

const { signal } = new AbortController();
const { scrub } = createSecrets({ THE_KEY: KEY });
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headcount-cassette-'));
  path = join(folder, 'deep', 'tape.jsonl');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** A wire that records what a server with these turns says. */
async function recording(...turns: Turn[]) {
  const { wire, server } = await stage({ kind: 'anthropic' }, ...turns);
  const cassette = await openCassette({ path, mode: 'record', scrub });
  return { wire: cassette.wire('stub', async () => wire), server };
}

/** A wire that can only play. */
async function playing(): Promise<Wire> {
  const cassette = await openCassette({ path, mode: 'replay', scrub: createSecrets({}).scrub });
  return cassette.wire('stub', () => Promise.reject(new Error('asked for the real wire in a replay')));
}

async function invalid(): Promise<CassetteInvalid> {
  const error = await openCassette({ path, mode: 'replay', scrub: createSecrets({}).scrub }).catch(
    (thrown: unknown) => thrown,
  );
  if (error instanceof CassetteInvalid) return error;
  throw new Error(`no CassetteInvalid: ${String(error)}`);
}

describe('a cassette', () => {
  it('is recorded once and played for ever', async () => {
    const { wire, server } = await recording({ say: { text: 'Hello.', usage: { input: 10, output: 2 } } });
    const first = await wire.ask(requestOf(), signal);
    expect(await wire.ask(requestOf(), signal)).toEqual(first);
    expect(server.asked).toHaveLength(1);
    const heard: string[] = [];
    const replay = await playing();
    expect(await replay.ask(requestOf({ label: 'in other words' }), signal, (text) => heard.push(text))).toEqual(first);
    expect(heard).toEqual(['Hello.']);
  });

  it('plays a tool loop with its thinking', async () => {
    const calls = [{ id: 'c1', name: 'look_up', input: '{"word":"mailbox"}' }];
    const { wire } = await recording({ say: { thinking: 'hm', calls } }, { say: { text: 'Found.' } });
    const loop = async (through: Wire) => {
      const asked = requestOf({ tools: [lookUp] });
      const { said } = await through.ask(asked, signal);
      const rounds = [{ said, results: [{ id: 'c1', text: 'a queue', isError: false }] }];
      return (await through.ask({ ...asked, rounds }, signal)).text;
    };
    expect(await loop(wire)).toBe('Found.');
    expect(await loop(await playing())).toBe('Found.');
  });

  it('plays what was an answer, though not a good one, and does not keep other failures', async () => {
    const { wire, server } = await recording(
      { status: 529 },
      { say: { refusal: 'I will not.', usage: { input: 10, output: 2 } } },
    );
    expect(await failureOf(wire.ask(requestOf(), signal))).toMatchObject({ fault: 'overloaded' });
    expect(await failureOf(wire.ask(requestOf(), signal))).toMatchObject({ fault: 'refused' });
    expect(server.asked).toHaveLength(2);
    expect(await failureOf((await playing()).ask(requestOf(), signal))).toMatchObject({
      fault: 'refused',
      spent: { inputTokens: 10, outputTokens: 2 },
    });
  });

  it('goes on with a recording that was left off', async () => {
    await (await recording({ say: { text: 'One.' } })).wire.ask(requestOf({ prompt: 'one' }), signal);
    const { wire, server } = await recording({ say: { text: 'Two.' } });
    await wire.ask(requestOf({ prompt: 'two' }), signal);
    expect((await wire.ask(requestOf({ prompt: 'one' }), signal)).text).toBe('One.');
    expect(server.asked).toHaveLength(1);
    expect((await (await playing()).ask(requestOf({ prompt: 'two' }), signal)).text).toBe('Two.');
  });

  it('keeps all of many questions that are asked at once', async () => {
    const prompts = Array.from({ length: 20 }, (_, index) => `question ${index}`);
    const { wire } = await recording(...prompts.map(() => ({ say: { text: 'Yes.' } })));
    await Promise.all(prompts.map((prompt) => wire.ask(requestOf({ prompt }), new AbortController().signal)));
    const replay = await playing();
    for (const prompt of prompts) expect((await replay.ask(requestOf({ prompt }), signal)).text).toBe('Yes.');
    expect(await readdir(join(folder, 'deep'))).toEqual(['tape.jsonl']);
  });

  it('gives one answer to a question that is asked twice at once', async () => {
    const { wire } = await recording({ say: { text: 'Yes.' } }, { say: { text: 'No.' } });
    const both = await Promise.all([wire.ask(requestOf(), signal), wire.ask(requestOf(), signal)]);
    expect(both[0]).toEqual(both[1]);
    expect((await (await playing()).ask(requestOf(), signal)).text).toBe(both[0].text);
  });

  it('holds no secret, whichever way it came in', async () => {
    const encoded = Buffer.from(`user:${KEY}`).toString('base64');
    const { wire } = await recording({ say: { text: `your key is ${KEY}, or ${encoded}` } });
    const asked = requestOf({ prompt: `what is ${encodeURIComponent(KEY)}?`, label: `about ${KEY}` });
    const reply = await wire.ask(asked, signal);
    const written = await readFile(path, 'utf8');
    expect(reply.text).toBe('your key is [THE_KEY], or dXNlcjp[THE_KEY]g==');
    expect(written).not.toContain(KEY);
    expect(written).not.toContain(Buffer.from(KEY).toString('base64').slice(4, -4));
    const replay = await playing();
    expect(await replay.ask({ ...asked, prompt: 'what is [THE_KEY]?' }, signal)).toEqual(reply);
  });
});

describe('a replay', () => {
  it('that meets an unknown question says which, what is nearest and how it differs', async () => {
    const { wire } = await recording({ say: { text: 'One.' } }, { say: { text: 'Two.' } });
    await wire.ask(requestOf({ prompt: 'Write it.\nUse the mailbox.', label: 'backend, write, D1.store' }), signal);
    await wire.ask(requestOf({ system: 'You are a tester.', prompt: 'Test it.', label: 'qa, write, D1.test' }), signal);
    const asked = requestOf({ prompt: 'Write it.\nUse the stream.', label: 'backend, write, D1.api' });
    const failure = await failureOf((await playing()).ask(asked, signal));
    expect(failure).toMatchObject({ fault: 'unrecorded', failure: { kind: 'permanent' } });
    expect(failure.message).toBe(
      'stub: nobody recorded this question: backend, write, D1.api; nearest is "backend, write, D1.store", and prompt ' +
        'differs at line 2: ".\\nUse the stream." instead of ".\\nUse the mailbox."; record it, ' +
        "with the provider's key: headcount up --record",
    );
  });

  it('needs a cassette', async () => {
    expect(await invalid()).toMatchObject({ exit: 3, message: `${path}: there is no such cassette` });
  });

  it.each([
    ['another version', (text: string) => text.replace('{"cassette":2}', '{"cassette":7}'), 1, 'it has version 7'],
    ['something else', () => 'name: Acme\n', 1, 'it is no cassette'],
    ['nothing', () => '', 1, 'it is no cassette'],
    ['a line that was cut', (text: string) => text.slice(0, -20), 3, 'the line is cut off'],
    ['a line of garbage', (text: string) => text.replace(/\n\{"id[^\n]*/, '\n{"id'), 2, 'it is no exchange'],
    ['a question that was edited', (text: string) => text.replace('"prompt":"two"', '"prompt":"too"'), 3, 'the digest'],
  ])('refuses a file with %s, and names the line', async (_, spoil, line, why) => {
    const { wire } = await recording({ say: { text: 'One.' } }, { say: { text: 'Two.' } });
    await wire.ask(requestOf({ prompt: 'one' }), signal);
    await wire.ask(requestOf({ prompt: 'two' }), signal);
    await writeFile(path, spoil(await readFile(path, 'utf8')));
    const { message, exit } = await invalid();
    expect(message.startsWith(`${path}:${line}: `), message).toBe(true);
    expect(message).toContain(why);
    expect(exit).toBe(3);
  });
});
