// Companies whose models are routed, in bad weather: each process has a router, all have the same two providers.

import { expect, test } from 'vitest';
import { readPlan } from '../../simulator/plan.ts';
import { simulate } from '../../simulator/simulate.ts';

const scenario = new URL('../../scenarios/quota-storm.yaml', import.meta.url).pathname;
const org = new URL('../../org/org.yaml', import.meta.url).pathname;

test('when one provider refuses, every process hears of it once and the other answers, whatever else happens', async () => {
  const plan = await readPlan({ scenario, org });
  const kinds = ['429', 'overload', 'slow', 'crash', 'partition', 'duplicate'] as const;
  const models = new Set<string>();
  const standings = new Map<string, number>();
  for (let seed = 1; seed <= 6; seed += 1) {
    const { violations, stream } = await simulate(plan, { seed, kinds: [...kinds] });
    expect([seed, violations]).toEqual([seed, []]);
    const turns: string[] = [];
    for (const { message } of stream.messages) {
      if (message.type === 'task.stepped' && message.data.step.usage) models.add(message.data.step.usage.model);
      if (message.type !== 'provider.changed') continue;
      const { provider, turn, state } = message.data;
      turns.push(`${provider} ${turn}`);
      standings.set(state, (standings.get(state) ?? 0) + 1);
    }
    expect(turns.length).toBeGreaterThan(0);
    expect(new Set(turns).size).toBe(turns.length);
  }
  expect([...models].map((name) => name.split('/')[0]).sort()).toEqual(['anthropic', 'openai']);
  expect([...standings.keys()].sort()).toEqual(['healthy', 'probing', 'throttled']);
});
