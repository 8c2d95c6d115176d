// Products as processes of this machine, on loopback: a commit is exported, started in the sandbox beside what is live, and
// takes over when it is promoted. An edge: starting up is waited for in wall time.

import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { reasonOf } from '../../bus/errors.ts';
import type { HealthCheck, Product } from '../../bus/records.ts';
import { cleanText, oneLine } from '../clean.ts';
import { checkCommit, checkSlug } from '../names.ts';
import type { Launched } from '../process.ts';
import type { LocalProducts } from '../products.ts';
import type { Sandbox } from '../sandbox.ts';
import type { Deployer } from '../tools.ts';
import { ask, probeOne } from './probe.ts';
import { freePort, openTunnel, throughTunnel } from './tunnel.ts';

type Started = {
  readonly commit: string;
  readonly url: string;
  readonly launched: Launched;
  readonly stop: () => Promise<void>;
};

type Start = { readonly ok: true; readonly started: Started } | { readonly ok: false; readonly detail: string };

const START_MS = 10_000;
const LOOK_MS = 50;
/** How much of what a product says is kept, for the reason when it ends. */
const SAID = 4_000;

/** Asked of a product without health checks: any answer will do. */
const anything: HealthCheck = {
  name: 'up',
  method: 'GET',
  path: '/',
  body: undefined,
  status: 200,
  includes: undefined,
};

export type DeployerOptions = {
  readonly products: LocalProducts;
  readonly sandbox: Sandbox;
  /** Deployments are exported below it. */
  readonly root: string;
};

/** Keeps the end of what a process says, and never lets its pipes fill. */
function listenTo({ child }: Launched): () => string {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-SAID);
    });
  }
  child.stdin?.end();
  return () => said;
}

/** `/home/task` and the folder it is on this machine, both gone from a product's words. */
function lastWords(said: string, dirs: readonly string[]): string {
  const lines = cleanText(said, dirs).split('\n');
  const telling = lines.findLast((line) => /\berror\b/i.test(line)) ?? lines.at(-1) ?? '';
  return telling === '' ? '' : `: ${oneLine(telling)}`;
}

export function openLocalDeployer({ products, sandbox, root }: DeployerOptions): Deployer {
  const base = resolve(root);
  const beside = new Map<string, Promise<Start>>();
  const lives = new Map<string, Started>();

  const keyOf = (product: Product, commit: string) => `${checkSlug(product.slug, 'product')}@${checkCommit(commit)}`;

  async function launchIn(dir: string, argv: readonly string[]): Promise<Omit<Started, 'commit'> | undefined> {
    const seen = sandbox.seenAs(dir);
    const tunnel = sandbox.kind === 'bwrap' ? await openTunnel() : undefined;
    const port = tunnel?.port ?? (await freePort());
    const launched = sandbox.serve({
      argv: tunnel ? throughTunnel(argv, port) : argv,
      dir,
      workDir: 'app',
      env: { HOST: '127.0.0.1', PORT: String(port), DATA_DIR: `${seen}/data` },
      ...(tunnel ? { socketDir: tunnel.socketDir } : {}),
    });
    const stop = async () => {
      launched?.stop();
      await launched?.gone;
      await tunnel?.close();
    };
    if (launched) return { url: `http://127.0.0.1:${port}`, launched, stop };
    await stop();
    return undefined;
  }

  /** Undefined when it answers; else why not. */
  async function whyDown(product: Product, { url, launched }: Omit<Started, 'commit'>, words: () => string) {
    const ended = new AbortController();
    let code: number | undefined;
    void launched.gone.then((end) => {
      code = end.code;
      ended.abort();
    });
    const first = product.health[0] ?? anything;
    const deadline = performance.now() + START_MS;
    while (performance.now() < deadline) {
      if (ended.signal.aborted) return `it ended${code === undefined ? '' : ` with code ${code}`}${words()}`;
      const up = 'status' in (await ask(url, first, ended.signal));
      if (up && !ended.signal.aborted) return undefined;
      await wait(LOOK_MS, undefined, { signal: ended.signal }).catch(() => undefined);
    }
    return `it did not answer within ${START_MS / 1000} s${words()}`;
  }

  async function startNow(product: Product, commit: string): Promise<Start> {
    if (!product.start) return { ok: false, detail: 'the product has no start command' };
    const dir = join(base, product.slug, commit.slice(0, 7));
    await products.repos.exportTo(product.slug, commit, join(dir, 'app'));
    await mkdir(join(dir, 'data'), { recursive: true });
    const running = await launchIn(dir, product.start);
    if (!running) return { ok: false, detail: `there is no sandbox: ${oneLine(cleanText(sandbox.reason))}` };
    const said = listenTo(running.launched);
    const dirs = [`${dir}/app`, `${sandbox.seenAs(dir)}/app`, dir, sandbox.seenAs(dir)];
    const why = await whyDown(product, running, () => lastWords(said(), dirs));
    if (why === undefined) return { ok: true, started: { ...running, commit } };
    await running.stop();
    return { ok: false, detail: why };
  }

  /** The live one, or the one that waits beside it. */
  async function find(product: Product, commit: string | undefined): Promise<Started | undefined> {
    const live = lives.get(product.slug);
    if (commit === undefined || live?.commit === commit) return live;
    const start = await beside.get(keyOf(product, commit));
    return start?.ok ? start.started : undefined;
  }

  return {
    async start(product, commit) {
      const key = keyOf(product, commit);
      if (lives.get(product.slug)?.commit === commit) return { ok: true, detail: 'it is live already' };
      const running = beside.get(key) ?? startNow(product, commit);
      beside.set(key, running);
      try {
        const start = await running;
        if (!start.ok) beside.delete(key);
        return start.ok ? { ok: true, detail: 'it answers' } : { ok: false, detail: start.detail };
      } catch (error) {
        beside.delete(key);
        return { ok: false, detail: oneLine(cleanText(reasonOf(error), [base])) };
      }
    },
    async probe(product, checks, commit) {
      const target = await find(product, commit);
      if (!target) return checks.map(({ name }) => ({ name, ok: false, detail: 'nothing is running' }));
      return Promise.all(checks.map((check) => probeOne(target.url, check)));
    },
    async promote(product, commit) {
      const next = await find(product, commit);
      const before = lives.get(product.slug);
      if (!next || next === before) return;
      lives.set(product.slug, next);
      beside.delete(keyOf(product, commit));
      await before?.stop();
    },
    async discard(product, commit) {
      const key = keyOf(product, commit);
      const start = await beside.get(key);
      beside.delete(key);
      if (start?.ok) await start.started.stop();
    },
    live(slug) {
      const live = lives.get(slug);
      return live && { commit: live.commit, url: live.url };
    },
    async close() {
      const starts = await Promise.allSettled(beside.values());
      const all = starts.flatMap((start) =>
        start.status === 'fulfilled' && start.value.ok ? [start.value.started] : [],
      );
      await Promise.all([...all, ...lives.values()].map((started) => started.stop()));
      beside.clear();
      lives.clear();
    },
  };
}
