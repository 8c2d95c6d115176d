// The server that keeps the stream: one that was named must answer; otherwise one must be found, and is tried.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HeadcountError, reasonOf } from '../../bus/errors.ts';
import { addressesOf } from '../../bus/jetstream/addresses.ts';
import { findServer } from '../../bus/server/find.ts';
import { startServer } from '../../bus/server/launcher.ts';
import { readInfo } from '../../bus/server/ready.ts';
import { refusalOf } from '../../bus/server/version.ts';
import { bad, type Finding, good, type Machine } from './finding.ts';

const ANSWER_MS = 5_000;

/** Each server that was named must answer; otherwise one must be found, and is tried on a store of its own. */
export async function checkNats(machine: Machine): Promise<Finding[]> {
  const url = machine.env.NATS_URL;
  if (url !== undefined && url !== '') return checkUrls(url);
  const reasons: string[] = [];
  const found = await findServer({
    env: { ...machine.env },
    fetch: machine.fetch,
    progress: machine.progress,
    rejected: ({ place, reason }) => void reasons.push(`${place}: ${reason}`),
  });
  if (found === undefined) {
    const fix = machine.fetch ? 'install nats-server 2.10 or newer, or set NATS_URL' : 'headcount doctor --fetch';
    return [bad('nats-server', reasons.join('; '), fix)];
  }
  return [good('nats-server', `${found.version}, ${found.path} (${found.from})`), await checkJetStream(machine)];
}

async function checkUrls(urls: string): Promise<Finding[]> {
  try {
    return await Promise.all(addressesOf(urls).map(({ host }) => checkUrl(host)));
  } catch (error) {
    if (!(error instanceof HeadcountError)) throw error;
    return [bad('NATS_URL', error.message, error.next)];
  }
}

async function checkUrl(url: string): Promise<Finding> {
  const fix = `start a server there (nats-server -js), or: unset NATS_URL`;
  try {
    const { version, jetstream } = await readInfo(url, ANSWER_MS);
    const refusal = refusalOf(version);
    if (refusal !== undefined) return bad('NATS_URL', refusal, fix);
    if (!jetstream)
      return bad('NATS_URL', `nats-server ${version} runs without JetStream`, 'start it with: nats-server -js');
    return good('NATS_URL', `nats-server ${version} with JetStream at ${url}`);
  } catch (error) {
    return bad('NATS_URL', `nothing usable answers at ${url}: ${reasonOf(error)}`, fix);
  }
}

async function checkJetStream(machine: Machine): Promise<Finding> {
  const storeDir = await mkdtemp(join(tmpdir(), 'headcount-doctor-'));
  try {
    const server = await startServer({ storeDir, env: { ...machine.env }, progress: machine.progress });
    await server.stop();
    return good('jetstream', 'a server starts, stores and syncs');
  } catch (error) {
    const next = error instanceof HeadcountError ? error.next : 'install another nats-server';
    return bad('jetstream', reasonOf(error), next);
  } finally {
    await rm(storeDir, { recursive: true, force: true });
  }
}
