// What a model says reaches the stream while it says it: a real provider's format over HTTP, a real nats-server, and every
// wrapper between a company and its model.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Turn } from './fixtures/model-server.ts';
import { openSite, type Site, wiredCompany } from './fixtures/wired-company.ts';

const KEY = 'canary-of-the-vault-0123456789';
let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const company = (...turns: Turn[]) => wiredCompany(site, turns, { env: { VAULT_TOKEN: KEY } });

/** A server's halt: it goes on, or cuts the line. */
function gate() {
  let [goOn, cut] = [() => {}, () => {}];
  const until = new Promise<void>((resolve, reject) => {
    goOn = resolve;
    cut = () => reject(new Error('the line is cut'));
  });
  return { until, goOn, cut };
}

const answer = (advice: string) => JSON.stringify({ summary: 'Thought about it', advice });

test('parts of an answer are on the stream before it is whole, with the call that they belong to', async () => {
  const { until, goOn } = gate();
  const text = answer('Keep what is simple, and say so. '.repeat(40));
  const office = await company({ halt: { text }, events: 4, until });
  await office.has(() => office.said().length > 0);
  expect(office.task()?.status).toBe('working');
  expect(office.seen.some(({ message }) => message.type === 'money.settled')).toBe(false);
  expect(text.startsWith(office.said()[0]?.text ?? '?')).toBe(true);
  goOn();
  await office.has(() => office.task()?.status === 'done');
  expect(
    office
      .said()
      .map((one) => one.text)
      .join(''),
  ).toBe(text);
  expect(new Set(office.said().map(({ agent, task, call }) => `${agent} ${task} ${call}`)).size).toBe(1);
  expect(office.said()[0]).toMatchObject({ agent: 'worker', task: 'T1', call: expect.stringContaining('.a1.advise') });
  expect(await office.sent('advise')).toMatchObject({
    purpose: 'advise',
    system: expect.stringContaining('You advise.'),
    prompt: expect.stringContaining('Advise'),
  });
  expect(await office.audit()).toEqual([]);
  await office.close();
});

test('an answer that broke off is a typed failure, and nothing of it is used', async () => {
  const text = answer('Sell everything today. '.repeat(40));
  const { until, cut } = gate();
  const office = await company(
    { halt: { text }, events: 5, until },
    { say: { text: answer('Wait and see, it is early.') } },
  );
  await office.has(() => office.said().length > 0);
  cut();
  await office.has(() => office.task()?.status === 'done');
  const used = office.seen.filter(({ message }) => message.type !== 'agent.said');
  expect(JSON.stringify(used)).not.toContain('Sell everything');
  expect(JSON.stringify(used)).toContain('Wait and see');
  expect(used.find(({ message }) => message.type === 'provider.changed')?.message.data).toMatchObject({
    reason: expect.stringContaining('broke off'),
  });
  await office.close();
});

test('a secret that two parts cut in two is not seen, and the answer with it is refused', async () => {
  const padding = 'x y '.repeat(60);
  // Parts are thirds of the text: this one is cut within the secret.
  const text = `${padding}${KEY}${padding}${padding}`;
  const givenUp = JSON.stringify({ action: 'abandon', reason: 'It cannot be said' });
  const office = await company({ say: { text } }, { say: { text: givenUp } });
  await office.has(() => office.task()?.status === 'abandoned');
  expect(office.task()?.failures[0]).toMatchObject({
    kind: 'permanent',
    reason: expect.stringContaining('VAULT_TOKEN'),
  });
  const shown = office
    .said()
    .map((one) => one.text)
    .join('');
  expect(shown).toContain('[VAULT_TOKEN]');
  const decided = office.seen.flatMap(({ message }) => (message.type === 'policy.decided' ? [message.data] : []));
  expect(decided).toMatchObject([{ work: 'T1', agent: 'worker', tool: 'think', rule: 'secret', verdict: 'deny' }]);
  expect(JSON.stringify(office.seen)).not.toContain(KEY.slice(0, 12));
  expect(JSON.stringify(office.seen)).not.toContain(KEY.slice(-12));
  await office.close();
});
