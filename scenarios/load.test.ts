import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAnswer } from '../brain/answers.ts';
import { promptsIn, readOrg } from '../org/load.ts';
import { loadPatched } from '../org/overlay.ts';
import { defaultOrgPath, duties } from '../tests/fixtures/company-file.ts';
import { loadScenario, ScenarioInvalid } from './load.ts';
import { patchOf } from './patch.ts';
import { scenarioJsonSchema, scenarioModeline } from './schema.ts';

const shipped = fileURLToPath(new URL('.', import.meta.url));
const names = (await readdir(shipped)).filter((name) => name.endsWith('.yaml'));
const start = Date.UTC(2026, 0, 5, 9);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scenario-'));
  await mkdir(join(folder, 'story', 'code', 'src'), { recursive: true });
  await writeFile(join(folder, 'story', 'code', 'src', 'a.js'), 'export const a = 1;\n');
  await writeFile(join(folder, 'story', 'notes.md'), 'Ask first.');
});
afterEach(() => rm(folder, { recursive: true }));

const backlog = 'given: { backlog: [{ key: store, title: Keep links, role: backend }] }';

/** A scenario of which only some lines matter. */
function story(lines: string, given = backlog): string {
  return `name: story\ntitle: A story\n${given}\ndeadline: 1h\nthen: {}\n${lines}\n`;
}

async function write(text: string): Promise<string> {
  const path = join(folder, 'story.yaml');
  await writeFile(path, text);
  return path;
}

const load = async (text: string) => loadScenario(await write(text));

async function problemsOf(text: string): Promise<string[]> {
  try {
    await load(text);
    return [];
  } catch (error) {
    if (error instanceof ScenarioInvalid) return error.message.split('\n');
    throw error;
  }
}

describe('the scenarios that ship', () => {
  it('tell of learning, rewards and a week of finance, among others', () => {
    expect(names).toEqual(expect.arrayContaining(['finance-week.yaml', 'learning.yaml', 'reward.yaml']));
  });

  it.each(names)('%s loads, names itself and its schema, and its company is sound', async (name) => {
    const path = join(shipped, name);
    const scenario = await loadScenario(path);
    expect(`${scenario.name}.yaml`).toBe(name);
    expect((await readFile(path, 'utf8')).split('\n')[0]).toBe(scenarioModeline);
    const org = loadPatched(readOrg(defaultOrgPath), patchOf(scenario.given), { duties }, scenario.locate);
    expect(org.products.map(({ slug }) => slug)).toEqual(scenario.given.product ? [scenario.given.product.slug] : []);
  });

  it('may hire a role whose prompt lies beside the scenario', async () => {
    const scenario = await loadScenario(join(shipped, 'new-role.yaml'));
    const source = readOrg(defaultOrgPath);
    const beside = promptsIn(scenario.folder);
    const patched = { ...source, readPrompt: (path: string) => source.readPrompt(path) ?? beside(path) };
    const org = loadPatched(patched, scenario.when.find((event) => event.org)?.org, { duties });
    expect(org.roles.find(({ name }) => name === 'legal')).toMatchObject({
      boss: 'ceo',
      duties: ['advise', 'write-documents'],
    });
  });
});

describe('a scenario file', () => {
  it('turns instants and durations into numbers', async () => {
    const scenario = await load(
      story(
        'when: [{ at: +20m, feedback: { from: ada, text: hi } }]\nfaults: [{ quota: { from: 09:30, until: 2026-01-05T11:00:00Z } }]',
      ),
    );
    expect(scenario.given.start).toBe(start);
    expect(scenario.deadline).toBe(start + 3_600_000);
    expect(scenario.when[0]?.at).toBe(start + 1_200_000);
    expect(scenario.faults[0]?.quota).toMatchObject({ from: start + 1_800_000, until: start + 7_200_000 });
  });

  it('reads files of its own folder as the answer to write', async () => {
    const scenario = await load(
      story('answers: [{ for: { purpose: write, task: store }, files: code, summary: done }]'),
    );
    const [rule] = scenario.answers;
    const text = rule && 'text' in rule.reply ? rule.reply.text : '';
    expect(parseAnswer('write', text)).toMatchObject({
      ok: true,
      answer: { summary: 'done', files: [{ path: 'src/a.js', content: 'export const a = 1;\n' }] },
    });
  });

  it('gives rules the time and tokens of their purpose, and the default answers last', async () => {
    const scenario = await load(
      story(
        'defaults: { write: { takes: 9m, tokens: [1, 2], raw: none } }\nanswers: [{ for: { purpose: write, attempt: 2 }, raw: two }]',
      ),
    );
    expect(scenario.answers).toMatchObject([
      { for: { purpose: 'write', attempts: [2] }, takesMs: 540_000, tokens: [1, 2], reply: { text: 'two' } },
      { for: { purpose: 'write' }, takesMs: 540_000, reply: { text: 'none' } },
    ]);
  });

  it('hands on what the knowledge agent has read', async () => {
    const scenario = await load(
      story('', `given: { mission: go, knowledge: [notes.md, { name: more.md, text: Then do. }] }`),
    );
    expect(scenario.given.knowledge).toEqual([
      { name: 'notes.md', text: 'Ask first.' },
      { name: 'more.md', text: 'Then do.' },
    ]);
  });

  it('has a JSON Schema that knows its words', () => {
    const schema = JSON.parse(scenarioJsonSchema());
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(['answers', 'extends']));
    expect(schema.anyOf).toEqual([
      { required: ['name', 'title', 'given', 'deadline', 'then'] },
      { required: ['name', 'title', 'extends', 'given'] },
    ]);
  });
});

describe('a scenario that goes on from another one', () => {
  const base = story('answers:\n  - for: { purpose: write, task: store }\n    files: code');
  async function extended(text: string): Promise<string> {
    await write(base);
    const path = join(folder, 'again.yaml');
    await writeFile(path, `name: again\ntitle: Once more\n${text}\n`);
    return path;
  }
  const failing = async (text: string) => {
    const path = await extended(text);
    return loadScenario(path).then(
      () => 'nothing is wrong',
      (error: Error) => error.message,
    );
  };

  it('has its answers, its folder and its end, and what else is given', async () => {
    const again = await loadScenario(await extended('extends: story\ngiven: { wire: scripted, seed: 7 }'));
    const once = await loadScenario(join(folder, 'story.yaml'));
    const { name, title, path, text, given, locate, ...rest } = again;
    expect({ name, title }).toEqual({ name: 'again', title: 'Once more' });
    expect(given).toEqual({ ...once.given, wire: 'scripted', seed: 7 });
    expect(rest).toMatchObject({
      answers: once.answers,
      folder: once.folder,
      deadline: once.deadline,
    });
    expect(again.then).toEqual(once.then);
    // As one file it is the same story.
    await rm(join(folder, 'story.yaml'));
    await writeFile(path, text.replace('name: again', 'name: story'));
    expect((await loadScenario(path)).answers).toEqual(again.answers);
  });

  it.each([
    ['extends: stroy\ngiven: {}', 'again.yaml:3:10 extends "stroy" is no scenario beside this one'],
    ['extends: again\ngiven: {}', 'again.yaml:3:10 extends "again" goes on from another one itself'],
    ['extends: story\ngiven: { wire: http }', 'again.yaml:4:16 given.wire "http" is no wire'],
    ['extends: story\ngiven: {}\nanswers: []', 'again.yaml:5:1 answers "answers" is no field of a scenario'],
    [
      'extends: story\ngiven: { backlog: [{ key: shop, title: Sell, role: backend }] }',
      'story.yaml:7:34 answers[0].for.task',
    ],
  ])('is told where and what: %s', async (text, message) => {
    expect(await failing(text)).toContain(message);
  });

  it('cannot have a provider say what none says', async () => {
    const given = `given: { wire: anthropic, ${backlog.slice('given: { '.length)}`;
    const fail = 'answers: [{ for: { purpose: write }, fail: { kind: quality, reason: bad } }]';
    const [problem] = await problemsOf(story(fail, given));
    expect(problem).toContain('answers[0].fail.kind quality is nothing that a provider says');
  });
});

describe('a scenario that is wrong', () => {
  it.each([
    [
      'answers:\n  - for: { purpose: writ }\n    raw: x',
      'story.yaml:7:21 answers[0].for.purpose "writ" is no purpose; did you mean "write"?',
    ],
    ['answer: []', 'story.yaml:6:1 answer "answer" is no field of a scenario; did you mean "answers"?'],
    ['deadlin: 1h', 'story.yaml:6:1 deadlin "deadlin" is no field of a scenario; did you mean "deadline"?'],
    [
      'answers: [{ for: {}, raw: x, takes: soon }]',
      'story.yaml:6:37 answers[0].takes "soon" is no duration; write 90s, 15m, 2h or 7d',
    ],
    [
      'until: [{ task: stor, is: done }]',
      'story.yaml:6:17 until[0].task "stor" is no task of any plan here; did you mean "store"?',
    ],
    [
      'answers: [{ for: { purpose: review }, answer: { verdict: aprove } }]',
      'story.yaml:6:58 answers[0].answer.verdict "aprove" is no verdict; did you mean "approve"?',
    ],
    [
      'answers: [{ for: { purpose: write }, files: ../other }]',
      'story.yaml:6:45 answers[0].files "../other" is no folder with files in story/',
    ],
    ['answers: [{ for: {}, answer: {} }]', 'story.yaml:6:22 answers[0].answer needs a purpose in `for`'],
    [
      'faults: [{ crash: { task: storm } }]',
      'story.yaml:6:27 faults[0].crash.task "storm" is no task of any plan here; did you mean "store"?',
    ],
    [
      'when: [{ at: { after: { task: stroe, is: done } }, control: paused }]',
      'story.yaml:6:31 when[0].at.after.task "stroe" is no task of any plan here; did you mean "store"?',
    ],
    [
      'when: [{ at: { after: { asked: stroe } }, answer: { task: tsore, option: a } }]',
      'story.yaml:6:32 when[0].at.after.asked "stroe" is no task of any plan here; did you mean "store"?',
      'story.yaml:6:59 when[0].answer.task "tsore" is no task of any plan here; did you mean "store"?',
    ],
    [
      'faults: [{ quota: { from: +2h, until: +1h } }]',
      'story.yaml:6:39 faults[0].quota.until is not after `from`: it would never strike',
    ],
  ])('is told where and what: %s', async (lines, ...messages) => {
    expect(await problemsOf(story(lines))).toEqual(messages);
  });

  it('has no backlog that can never be done', async () => {
    const given = `given:
  backlog:
    - { key: store, title: Keep links, role: backend, after: [page] }
    - { key: page, title: A page, role: frontend, after: [store, stor] }
    - { key: mail, title: A mail, role: frontend }
    - { key: mail, title: Another, role: frontend }`;
    expect(await problemsOf(story('', given))).toEqual([
      'story.yaml:5:62 given.backlog[0].after these tasks wait for each other: store -> page -> store',
      'story.yaml:6:66 given.backlog[1].after[1] "stor" is no task of this backlog; did you mean "store"?',
      'story.yaml:8:14 given.backlog[3].key "mail" is the key of a task above',
    ]);
  });

  it('expects no silence where nobody ever speaks', async () => {
    const messages = '[{ on: hr.request, count: 0 }, { on: task.*, count: 0 }, { on: agent.*.state }, { on: ">" }]';
    const text = story('').replace('then: {}', `then: { messages: ${messages} }`);
    expect(await problemsOf(text)).toEqual([
      'story.yaml:5:26 then.messages[0].on "hr.request" matches no subject of a company; did you mean "hr.requests"?',
    ]);
  });

  it('must say what one answer is, not two', async () => {
    const [problem] = await problemsOf(story('answers: [{ for: {}, raw: x, answer: y }]'));
    expect(problem).toContain('needs exactly one of answer, files, raw, calls, fail');
  });

  it('has a mission or a backlog', async () => {
    const [problem] = await problemsOf(story('', 'given: {}'));
    expect(problem).toContain('needs exactly one of mission, backlog');
  });

  it('does not blow up on an alias bomb', async () => {
    const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [${'*a, '.repeat(9)}]\nc: &c [${'*b, '.repeat(9)}]\nd: [${'*c, '.repeat(9)}]`;
    expect((await problemsOf(story(bomb))).join()).toContain('aliases');
  });

  it('that is not there is said with its path', async () => {
    await expect(loadScenario(join(folder, 'none.yaml'))).rejects.toMatchObject({
      code: 'SCENARIO_UNREADABLE',
      exit: 3,
    });
  });
});
