import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ChromaClient } from 'chromadb';
import { afterAll, describe, expect, test } from 'vitest';
import { openBundledStore } from '../../brain/knowledge/chroma/bundled.ts';
import { hasKnowledge } from '../../brain/knowledge/chroma/folder.ts';
import { answers, type ChromaServer, startChroma } from '../../brain/knowledge/chroma/server.ts';
import { openChromaStore } from '../../brain/knowledge/chroma/store.ts';
import { lexical, lexicalVector } from '../../brain/knowledge/embeddings/lexical.ts';
import { isAlive } from '../../bus/server/alive.ts';
import { packageRoot } from '../../cli/package-root.ts';
import { document, knowledgeContract } from './knowledge.contract.ts';

const root = mkdtempSync(join(tmpdir(), 'headcount-chroma-'));
const alone = <T>(work: () => Promise<T>) => work();
const newId = () => 'id-of-store';
const { name, dimensions, weight } = lexical;
const vectors = { name, dimensions };

function asking(question: string) {
  return { question, vector: lexicalVector(question), vectors: { ...vectors, weight }, limit: 5 };
}

/** The server that runs over a folder. */
function pidIn(folder: string): number {
  return JSON.parse(readFileSync(join(folder, 'server.json'), 'utf8')).pid;
}

let why = '';
const server: ChromaServer | undefined = await startChroma({ folder: join(root, 'shared'), alone }).catch(
  (error: Error) => {
    why = error.message;
    return undefined;
  },
);

afterAll(async () => {
  await server?.stop();
  rmSync(root, { recursive: true, force: true });
});

if (server) knowledgeContract('chroma', (company) => openChromaStore({ url: server.url, company, newId }));
else test.skip(`chroma: a store of knowledge (no server here: ${why})`, () => {});

describe.skipIf(!server)('the bundled server', () => {
  test('is one for each folder, and ends with whoever started it', async () => {
    const folder = join(root, 'own');
    const first = await startChroma({ folder, alone });
    const second = await startChroma({ folder, alone });
    expect(second.url).toBe(first.url);
    await second.stop();
    expect(await answers(first.url)).toBe(true);
    await first.stop();
    expect(await answers(first.url)).toBe(false);
  });

  test('keeps what it holds over its end', async () => {
    const folder = join(root, 'kept');
    const first = await startChroma({ folder, alone });
    const store = await openChromaStore({ url: first.url, company: 'kept', newId });
    await store.put([document('a.md', ['Tea is hot.'])], 1, vectors);
    await first.stop();
    const second = await startChroma({ folder, alone });
    const again = await openChromaStore({ url: second.url, company: 'kept', newId });
    expect((await again.state()).documents).toHaveLength(1);
    await second.stop();
  });

  test('is started again when it dies, and what was asked of it is answered', async () => {
    const folder = join(root, 'killed');
    const store = await openBundledStore({ folder, alone, company: 'killed', newId });
    await store.put([document('a.md', ['Tea is hot.'])], 1, vectors);
    process.kill(pidIn(folder), 'SIGKILL');
    await store.put([document('b.md', ['Coffee is hot.'])], 2, vectors);
    process.kill(pidIn(folder), 'SIGKILL');
    const { hits } = await store.search(asking('hot coffee'));
    expect(hits.map(({ passage }) => passage.source)).toEqual(['b.md', 'a.md']);
    const last = pidIn(folder);
    await store.close();
    expect(isAlive(last)).toBe(false);
  });

  test('that another process started and ended is started again by whoever still needs it', async () => {
    const folder = join(root, 'two');
    const one = await openBundledStore({ folder, alone, company: 'two', newId });
    await one.put([document('a.md', ['Tea is hot.'])], 1, vectors);
    const other = await openBundledStore({ folder, alone, company: 'two', newId });
    const started = pidIn(folder);
    await one.close();
    expect(isAlive(started)).toBe(false);
    const asked = await Promise.all([other.search(asking('tea')), other.state(), other.read('a.md')]);
    expect(asked[0].hits).toHaveLength(1);
    const pid = pidIn(folder);
    await other.close();
    expect(isAlive(pid)).toBe(false);
  });

  test('answers everybody of many that come and go at once, and none is left', async () => {
    const folder = join(root, 'many');
    let turn: Promise<unknown> = Promise.resolve();
    const oneByOne = <T>(work: () => Promise<T>): Promise<T> => {
      const next = turn.then(work, work);
      turn = next;
      return next;
    };
    const open = () => openBundledStore({ folder, alone: oneByOne, company: 'many', newId });
    const first = await open();
    await first.put([document('a.md', ['Tea is hot.'])], 1, vectors);
    const visits = Array.from({ length: 6 }, async () => {
      const store = await open();
      const { hits } = await store.search(asking('tea'));
      await store.close();
      return hits.length;
    });
    await first.close();
    expect(await Promise.all(visits)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(existsSync(join(folder, 'server.json'))).toBe(false);
  });

  test('says that a collection of the same name has vectors of another length', async () => {
    const folder = join(root, 'length');
    const running = await startChroma({ folder, alone });
    const client = new ChromaClient({ host: '127.0.0.1', port: Number(new URL(running.url).port) });
    const foreign = await client.getOrCreateCollection({ name: 'headcount-length', embeddingFunction: null });
    await foreign.add({ ids: ['1'], embeddings: [[1, 0]], documents: ['Foreign.'] });
    const store = await openChromaStore({ url: running.url, company: 'length', newId });
    await expect(store.put([document('a.md', ['Tea is hot.'])], 1, vectors)).rejects.toMatchObject({
      code: 'CHROMA_OTHER_VECTORS',
    });
    await running.stop();
  });

  test('counts as used from the first document on', async () => {
    const folder = join(root, 'used');
    const store = await openBundledStore({ folder, alone, company: 'used', newId });
    expect([hasKnowledge(folder), (await store.state()).version]).toEqual([false, 0]);
    await store.put([document('a.md', ['Tea is hot.'])], 1, vectors);
    await store.close();
    expect(hasKnowledge(folder)).toBe(true);
  });

  test('over a damaged folder does not start, and says what to do', async () => {
    const folder = join(root, 'damaged');
    mkdirSync(join(folder, 'data'), { recursive: true });
    writeFileSync(join(folder, 'data', 'chroma.sqlite3'), 'no database'.repeat(1_000));
    await expect(startChroma({ folder, alone })).rejects.toMatchObject({
      code: 'CHROMA_NOT_STARTED',
      next: expect.stringContaining('ingest again'),
    });
  });

  test('that hangs is named with its process, and a second one is not started over its files', async () => {
    const folder = join(root, 'hangs');
    const first = await startChroma({ folder, alone });
    const pid = pidIn(folder);
    process.kill(pid, 'SIGSTOP');
    // It takes a moment until all of its threads stand still.
    await expect.poll(() => answers(first.url, 200)).toBe(false);
    await expect(startChroma({ folder, alone })).rejects.toMatchObject({
      code: 'CHROMA_STUCK',
      message: expect.stringContaining(`process ${pid}`),
    });
    process.kill(pid, 'SIGCONT');
    await first.stop();
  });

  test.skipIf(process.platform !== 'linux')('ends with a process that is killed', async () => {
    const folder = join(root, 'orphan');
    const module = pathToFileURL(join(packageRoot, 'dist/brain-knowledge-chroma-server.js')).href;
    const program = `
      const { startChroma } = await import(${JSON.stringify(module)});
      const { url } = await startChroma({ folder: ${JSON.stringify(folder)}, alone: (work) => work() });
      process.stdout.write(url);
      setInterval(() => {}, 1_000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(parent.stdout, 'data');
    const pid = pidIn(folder);
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isAlive(pid)).toBe(false);
    // What it left behind does not keep the next one from starting.
    const next = await startChroma({ folder, alone });
    await next.stop();
  });

  test('loses nothing that was put under its own passages when an ingestion died before it said so', async () => {
    const folder = join(root, 'torn');
    const running = await startChroma({ folder, alone });
    const open = () => openChromaStore({ url: running.url, company: 'torn', newId });
    await (await open()).put([document('a.md', ['Tea is hot.'])], 1, vectors);
    const client = new ChromaClient({ host: '127.0.0.1', port: Number(new URL(running.url).port) });
    const collection = await client.getCollection({ name: 'headcount-torn' });
    await collection.add({
      ids: ['torn.0'],
      embeddings: [[...lexicalVector('Tea, half put.')]],
      documents: ['Tea, half put.'],
      metadatas: [{ document: 'torn', source: 'b.md', category: 'domain', place: 0 }],
    });
    const store = await open();
    expect((await store.search(asking('tea'))).hits.map(({ passage }) => passage.source)).toEqual(['a.md']);
    await store.put([document('c.md', ['Milk.'])], 2, vectors);
    expect(await collection.count()).toBe(2);
    await running.stop();
  });
});

describe('a server that is not as it should be', () => {
  const serve = (handle: RequestListener): Promise<{ url: string; server: Server }> =>
    new Promise((resolve) => {
      const made = createServer(handle);
      made.listen(0, '127.0.0.1', () =>
        resolve({ url: `http://127.0.0.1:${(made.address() as AddressInfo).port}`, server: made }),
      );
    });

  test('is said to be away when nothing listens', async () => {
    const { url, server: gone } = await serve(() => {});
    await new Promise((resolve) => gone.close(resolve));
    await expect(openChromaStore({ url, company: 'acme', newId })).rejects.toMatchObject({
      code: 'CHROMA_UNREACHABLE',
    });
  });

  test('is given up when it does not answer in time', async () => {
    const { url, server: mute } = await serve(() => {});
    const opened = openChromaStore({ url, company: 'acme', newId, callMs: 50 });
    await expect(opened).rejects.toMatchObject({ code: 'CHROMA_SLOW' });
    mute.closeAllConnections();
    await new Promise((resolve) => mute.close(resolve));
  });

  test('is said to be another version when it does not know the address', async () => {
    const { url, server: old } = await serve((_, response) => {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"detail":"Not Found"}');
    });
    await expect(openChromaStore({ url, company: 'acme', newId })).rejects.toMatchObject({
      code: 'CHROMA_OTHER_VERSION',
    });
    await new Promise((resolve) => old.close(resolve));
  });
});
