// What was sent to a model can be read back: from the running company, and from a file that it was exported to.

import { expect, test } from 'vitest';
import { type Options, startCompany } from '../actors/fixture.ts';
import { exportLines } from '../bus/export.ts';
import { readExported } from '../bus/export-read.ts';
import { importStream } from '../bus/import.ts';
import { MemoryStream } from '../bus/memory/stream.ts';
import { MemoryBus } from '../bus/memory.ts';
import { painter } from '../cli/output.ts';
import { briefView, renderBrief } from '../cli/views/brief.ts';

const SECRET = 'shop-key-7f2c9a-value';

async function advised(options: Options) {
  const running = await startCompany({ env: { SHOP_API_KEY: SECRET }, ...options });
  await running.order({ key: 'a', description: `Use the shop with ${SECRET}, and be brief.` });
  await running.untilDone();
  return running;
}

const steps = (running: Awaited<ReturnType<typeof advised>>) => running.of('task.stepped').map(({ data }) => data.step);

test('what a model was sent stands beside its answer, without secrets', async () => {
  const running = await advised({ converses: true });
  const [asked] = running.asked;
  const digest = steps(running).find(({ name }) => name === 'a1.advise')?.prompt;
  const kept = Buffer.from(await running.bus.getBlob(digest ?? '')).toString();
  expect(JSON.parse(kept)).toMatchObject({
    id: asked?.id,
    system: asked?.system,
    prompt: asked?.prompt.replace(SECRET, '[SHOP_API_KEY]'),
  });
  expect(kept).not.toContain(SECRET);
});

test('it is read back after an export and an import, attempt by attempt', async () => {
  let told = 0;
  const running = await advised({
    converses: true,
    // Twice what breaks the contract, for such an answer is asked for once more.
    script: () => {
      told += 1;
      return told <= 2 ? 'no answer' : { summary: 'done', advice: 'do it well' };
    },
  });
  const lines: string[] = [];
  for await (const line of exportLines(running.bus)) lines.push(line);
  const { messages, blobs, durables } = readExported(lines.join(''));
  const stream = new MemoryStream();
  await importStream({ kind: 'memory', stream }, messages, { blobs, durables });
  const bus = new MemoryBus('acme', running.clock, { stream });

  const view = await briefView(messages, 'T1', 2, bus);
  const text = renderBrief(view ?? { task: '', attempt: 0, briefs: [] }, painter(false), 80);
  expect(text).toContain('sent as the question');
  expect(text.join('')).toContain('Use the shop with [SHOP_API_KEY], and be brief.');
  expect(text.every((line) => line.length <= 80)).toBe(true);
  expect(await briefView(messages, 'T1', 1, bus)).toBeUndefined();
});

test('a scripted model costs no blob', async () => {
  const running = await advised({});
  expect(steps(running).every(({ prompt }) => prompt === undefined)).toBe(true);
  expect(running.asked.length).toBeGreaterThan(0);
});
