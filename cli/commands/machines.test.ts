import { expect, test } from 'vitest';
import { openTerminal } from '../../tests/fixtures/terminal.ts';
import { main } from '../main.ts';
import { packageRoot } from '../package-root.ts';

async function run(...argv: string[]) {
  const terminal = openTerminal(argv, { cwd: packageRoot });
  const code = await main(argv, terminal.context);
  return { code, out: terminal.stdout(), err: terminal.stderr() };
}

test('prints every chart as Mermaid, the agent first', async () => {
  const { code, out } = await run('machines');
  expect(code).toBe(0);
  expect(out.match(/^%% \w+$/gm)).toEqual([
    '%% agent',
    '%% reward',
    '%% standing',
    '%% company',
    '%% provider',
    '%% schedule',
  ]);
  expect(out).toContain('stateDiagram-v2\n  [*] --> idle');
});

test('prints one chart as data', async () => {
  const { out } = await run('machines', 'agent', '--role', 'backend', '--json');
  const chart = JSON.parse(out);
  expect(chart.name).toBe('agent');
  expect(chart.states.map(({ id }: { id: string }) => id)).toContain('working.verifying');
  expect(chart.transitions).toContainEqual({
    from: 'working',
    event: 'FAILED',
    guard: 'climbsTo recall',
    to: 'retrying.backingOff',
    actions: ['note', 'climb'],
  });
});

test('names the charts and the roles there are when asked for another', async () => {
  const chart = await run('machines', 'robot');
  expect(chart.code).toBe(2);
  expect(chart.err).toMatch(/there is no chart "robot"[\s\S]*agent, reward, standing, company, provider, schedule/);
  const role = await run('machines', 'agent', '--role', 'wizard');
  expect(role.code).toBe(2);
  expect(role.err).toContain('backend');
});
