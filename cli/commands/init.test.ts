import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { modelServerWith } from '../../tests/fixtures/model-server.ts';
import { openTerminal } from '../../tests/fixtures/terminal.ts';
import { main } from '../main.ts';
import { templates } from '../new-company.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'headcount-init-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

async function headcount(line: string, at = cwd) {
  const argv = line.split(' ');
  const terminal = openTerminal(argv, { cwd: at, env: { PATH: process.env.PATH } });
  const code = (await main(argv, terminal.context)) || terminal.exit();
  return { code, out: terminal.stdout(), err: terminal.stderr() };
}

describe('a new company', () => {
  test.each(templates)('of the template $name is valid, and its first day ends as it says', async ({ name }) => {
    const made = await headcount(`init shop --template ${name} --yes`);
    expect([made.code, made.err]).toEqual([0, '']);
    const dir = join(cwd, 'shop');
    expect((await headcount('org check', dir)).out).toMatch(/^ok {2}org\/org\.yaml {2}shop: \d+ roles/);
    const { code, out } = await headcount('run scenarios/first-day.yaml --bus memory', dir);
    expect(out).toMatch(/(\d+) of \1 expectations met/);
    expect(code).toBe(0);
  });

  test('fits on a page', () => {
    for (const { name } of templates) {
      const file = new URL(`../../org/templates/${name}/org.yaml`, import.meta.url);
      expect(readFileSync(file, 'utf8').split('\n').length).toBeLessThan(40);
    }
  });

  test('is called like its folder, as far as a company can be', async () => {
    await headcount('init 2024-My_Shop --yes');
    expect(readFileSync(join(cwd, '2024-My_Shop/org/org.yaml'), 'utf8')).toContain("company: 'my-shop'");
  });

  test('where none can be written is refused with the folder', async () => {
    writeFileSync(join(cwd, 'note'), 'a file');
    const { code, err } = await headcount('init note/shop --yes');
    expect([code, err]).toEqual([
      5,
      expect.stringMatching(/cannot write \S+note\/shop[\s\S]*name a folder that can be made/),
    ]);
  });

  test('called like a word of YAML is still called that', async () => {
    await headcount('init x --name no --yes');
    expect((await headcount('org check', join(cwd, 'x'))).out).toMatch(/no: 12 roles/);
  });
});

describe('workers behind an address', () => {
  const file = () => readFileSync(join(cwd, 'shop/org/org.yaml'), 'utf8');

  test('are written into a file that is valid, with the model that was named, and nobody is asked', async () => {
    const { code, out } = await headcount(
      'init shop --workers http://127.0.0.1:1/v1/ --model qwen3-coder --key MY_KEY',
    );
    expect(code).toBe(0);
    expect(file()).toContain('{ kind: openai, url: "http://127.0.0.1:1/v1", key: MY_KEY }');
    expect(file()).toContain('prices: { "qwen3-coder": { input: 0, output: 0 } }');
    expect((await headcount('org check', join(cwd, 'shop'))).code).toBe(0);
    expect(out).toMatch(/export MY_KEY=\.\.\.[\s\S]*headcount doctor --live/);
  });

  test('think with the first model that the server has, also when /v1 was left out', async () => {
    const server = await modelServerWith({ models: ['nomic-embed', 'org/large-model:7b', 'small'] });
    const { code } = await headcount(`init shop --workers ${server.url}`);
    await server.close();
    expect(code).toBe(0);
    expect(file()).toContain(`url: "${server.url}/v1"`);
    expect(file()).toContain('coding: ["server/org/large-model:7b"]');
    expect((await headcount('org check', join(cwd, 'shop'))).code).toBe(0);
  });

  test("are not taken for free on a stranger's server: the price is left to be filled in, and said to be missing", async () => {
    const { out } = await headcount('init shop --workers https://models.example.com/v1 --model new-one');
    expect(file()).toContain('# prices: { "new-one"');
    expect(out).toContain('give new-one a price');
    await headcount('init other --workers https://models.example.com/v1 --model gpt-6-sol');
    expect(readFileSync(join(cwd, 'other/org/org.yaml'), 'utf8')).not.toContain('prices');
  });

  test.each([
    ['--workers http://127.0.0.1:1/v1', 'name the model: http://127.0.0.1:1/v1 MODEL'],
    ['--workers http://me:secret@127.0.0.1:1/v1', 'that is no address'],
    ['--workers http://', 'that is no address'],
    ['--workers http://127.0.0.1:1/v1 --key sk-secret', 'the name, never the key'],
    ['--workers claude --model opus', '--model is for the address'],
    ['--key MY_KEY', '--key is for the address'],
  ])('%s says what is meant, and writes nothing', async (words, said) => {
    const { code, err } = await headcount(`init shop ${words}`);
    expect([code, err]).toEqual([2, expect.stringContaining(said)]);
    expect(err).not.toContain('secret');
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('that want a key and get none say how to name it', async () => {
    const server = await modelServerWith({ models: ['one'], key: 'right' });
    const { code, err } = await headcount(`init shop --workers ${server.url}/v1`);
    await server.close();
    expect([code, err]).toEqual([2, expect.stringContaining('--key MY_KEY')]);
  });
});

describe('init', () => {
  test('touches nothing where a company is, and says what is there', async () => {
    mkdirSync(join(cwd, 'org'));
    writeFileSync(join(cwd, 'org/mine.txt'), 'mine');
    const { code, err } = await headcount('init --yes');
    expect([code, err]).toEqual([2, expect.stringContaining('there is already: org; nothing was changed')]);
    expect(readdirSync(cwd)).toEqual(['org']);
    expect(readFileSync(join(cwd, 'org/mine.txt'), 'utf8')).toBe('mine');
  });

  test('adds to a .gitignore that is there, once', async () => {
    writeFileSync(join(cwd, '.gitignore'), 'dist/\nproducts/');
    await headcount('init --yes');
    expect(readFileSync(join(cwd, '.gitignore'), 'utf8')).toBe('dist/\nproducts/\n.headcount/\n.env\n');
  });

  test.each([
    ['init --template softwre --yes', 'did you mean "software"'],
    ['init --workers gpt --yes', 'one of scripted, claude, openai'],
    ['init --name Bad_Name --yes', 'small letters'],
  ])('%s says what is meant, and writes nothing', async (line, said) => {
    const { code, err } = await headcount(line);
    expect([code, err]).toEqual([2, expect.stringContaining(said)]);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('asks nothing where no person is', async () => {
    const { code, out } = await headcount('init shop');
    expect(code).toBe(0);
    expect(out).toContain('headcount run scenarios/first-day.yaml');
    expect(existsSync(join(cwd, 'shop/.env.example'))).toBe(true);
  });
});
