import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { answers, type ChromaServer, startChroma } from '../../brain/knowledge/chroma/server.ts';
import { openChromaStore } from '../../brain/knowledge/chroma/store.ts';
import { document, knowledgeContract } from './knowledge.contract.ts';

const root = mkdtempSync(join(tmpdir(), 'headcount-chroma-'));
const alone = <T>(work: () => Promise<T>) => work();
const newId = () => 'id-of-store';

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
    await store.put([document('a.md', ['Tea is hot.'])], 1, { name: 'lexical', dimensions: 384 });
    await first.stop();
    const second = await startChroma({ folder, alone });
    const again = await openChromaStore({ url: second.url, company: 'kept', newId });
    expect((await again.state()).documents).toHaveLength(1);
    await second.stop();
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
