// docs/cli.md against the commands themselves.

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { openTerminal } from '../tests/fixtures/terminal.ts';
import { commandTable } from './commands/table.ts';

const manual = readFileSync(new URL('../docs/cli.md', import.meta.url), 'utf8');

/** Every command with its path of names, those below others too. */
function below(command: Command, path: string): readonly (readonly [string, Command])[] {
  return command.commands.flatMap((one) => {
    const name = `${path}${one.name()}`;
    return [[name, one] as const, ...below(one, `${name} `)];
  });
}

test('docs/cli.md tells every command and every flag', async () => {
  const program = new Command('headcount');
  const { context } = openTerminal([], { cwd: '.' });
  for (const { load } of commandTable) (await load()).register(program, context);
  const missing = below(program, '').flatMap(([name, command]) => [
    // `lessons list` is `lessons`.
    ...(manual.includes(name) || name === 'lessons list' ? [] : [name]),
    ...command.options.flatMap(({ long }) => (long && !manual.includes(long) ? [`${name} ${long}`] : [])),
  ]);
  expect(missing).toEqual([]);
});
