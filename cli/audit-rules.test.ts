import { expect, test } from 'vitest';
import { MemoryBus } from '../bus/memory.ts';
import { VirtualClock } from '../bus/virtual-clock.ts';
import { START } from '../tests/fixtures/story.ts';
import { openAuditor } from './audit-rules.ts';

test('how often each rule was judged is told as it is by now', async () => {
  const bus = new MemoryBus('acme', new VirtualClock({ start: START }));
  const auditor = openAuditor(undefined);
  const data = { text: 'Ship it' };
  await bus.publish('brain.mission', { id: 'mission.1', type: 'brain.mission', source: 'operator', data });
  for await (const stored of bus.replay({ filter: '>' })) auditor.look(stored);
  expect(auditor.counts.get('I1')).toBeGreaterThan(0);
  expect(auditor.counts.get('I5')).toBe(0);
});
