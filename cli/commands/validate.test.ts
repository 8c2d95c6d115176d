import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTerminal } from '../../tests/fixtures/terminal.ts';
import { main } from '../main.ts';
import { kindOf } from './validate.ts';

test('a story is a scenario, a chart of people is an org file, whatever the files are called', () => {
  expect(kindOf('name: x\ngiven:\n  mission: y\n')).toBe('scenario');
  expect(kindOf('company: acme\nreports:\n  ceo:\n')).toBe('org');
});

test('a word inside is not mistaken for a part of a story', () => {
  expect(kindOf('company: acme\nmission: >\n  given: everything\n')).toBe('org');
});

test('text that is no YAML is still sorted', () => {
  expect(kindOf('given: [\n: :')).toBe('scenario');
});

test('a scenario that `run` would refuse for its company is refused as well', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'validate-'));
  try {
    const backlog = '[{ key: a, title: A task, role: nobody }]';
    await writeFile(join(cwd, 's.yaml'), `name: s\ntitle: S\ngiven: { backlog: ${backlog} }\ndeadline: 1h\nthen: {}\n`);
    const words = ['validate', 's.yaml'];
    const terminal = openTerminal(words, { cwd });
    expect(await main(words, terminal.context)).toBe(3);
    expect(terminal.stderr()).toContain(
      's.yaml:3:51 given.backlog[0].role a is for "nobody", and no such role works here',
    );
  } finally {
    await rm(cwd, { recursive: true });
  }
});

test.each(['validate pipe', 'run pipe', 'org check pipe', 'import pipe', 'verify pipe'])(
  'a pipe is no file, which is said at once: %s',
  async (line) => {
    const cwd = await mkdtemp(join(tmpdir(), 'validate-'));
    try {
      execFileSync('mkfifo', [join(cwd, 'pipe')]);
      const terminal = openTerminal(line.split(' '), { cwd });
      expect(await main(line.split(' '), terminal.context)).toBe(3);
      expect(terminal.stderr()).toMatch(/pipe is a pipe or a device, not a file\nnext:/);
    } finally {
      await rm(cwd, { recursive: true });
    }
  },
);
