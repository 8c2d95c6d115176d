// npm run chaos -- --minutes 60 --seed 7 --server other --cluster

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { otherServer, usualServer } from '../fixtures/servers.ts';
import { runChaos } from './chaos.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string' },
    server: { type: 'string', default: 'usual' },
    cluster: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
const server = values.server === 'other' ? await otherServer() : await usualServer();
if (!(minutes > 0) || !Number.isSafeInteger(seed) || !('path' in server)) {
  process.stderr.write('npm run chaos -- [--minutes 2] [--seed 7] [--server usual|other] [--cluster]\n');
  if ('missing' in server) process.stderr.write(`${server.missing}\n`);
  process.exit(2);
}
const dir = await mkdtemp(join(tmpdir(), 'headcount-chaos-'));
const say = (line: string) => void process.stdout.write(`${line}\n`);
const { faults, blows, tasks, messages, recoveredMs, kept } = await runChaos({
  binary: server.path,
  cluster: values.cluster,
  seed,
  lengthMs: minutes * 60_000,
  dir,
  say,
});
say(`${tasks} tasks, ${messages} messages, all at rest ${recoveredMs} ms after the last blow`);
say(
  Object.entries(blows)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', '),
);
for (const fault of faults) say(`FAULT ${fault}`);
if (kept !== undefined)
  say(
    `the stream is in ${kept}; again: npm run chaos -- --minutes ${minutes} --seed ${seed}${values.cluster ? ' --cluster' : ''}`,
  );
else await rm(dir, { recursive: true, force: true, maxRetries: 10 });
// A node that never caught up is still waited for.
process.exit(faults.length > 0 ? 1 : 0);
