// The simulator itself: it repeats, it is honest where nothing goes wrong, it finds what is wrong, and says it shortly.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../cli/package-root.ts';
import { checkExpectations } from '../../scenarios/expect.ts';
import { simulatedFaults } from '../../simulator/faults.ts';
import { writeFound } from '../../simulator/found.ts';
import type { Build } from '../../simulator/member.ts';
import { type Plan, readPlan } from '../../simulator/plan.ts';
import { type Failing, repeatOf, shrink } from '../../simulator/shrink.ts';
import { type Simulated, simulate } from '../../simulator/simulate.ts';
import { withoutTask } from '../../simulator/tasks.ts';
import { wrongBuilds } from './builds.ts';

const MINUTES = 60_000;
const org = join(packageRoot, 'org/org.yaml');
const planOf = (name: string): Promise<Plan> =>
  readPlan({ scenario: join(packageRoot, 'scenarios', `${name}.yaml`), org });

const bytesOf = ({ stream }: Simulated) => stream.messages.map((stored) => JSON.stringify(stored)).join('\n');

describe('a simulated run', () => {
  test('comes to what the scenario expects when nothing strikes', { timeout: 5 * MINUTES }, async () => {
    for (const name of ['first-product', 'retry-ladder', 'outage', 'escalation']) {
      const plan = await planOf(name);
      const { stream, products, violations } = await simulate(plan, { seed: 1, kinds: [] });
      const slug = plan.org.products[0]?.slug ?? '';
      const met = await checkExpectations(plan.scenario, {
        messages: stream.messages,
        readFile: async (path) => products.read(slug, await products.head(slug), path),
        commits: () => products.log(slug),
      });
      expect([name, violations, met.filter(({ ok }) => !ok)]).toEqual([name, [], []]);
    }
  });

  test('repeats byte for byte, and so does the list of its strikes', { timeout: 5 * MINUTES }, async () => {
    const plan = await planOf('outage');
    for (const seed of [3, 8]) {
      const first = await simulate(plan, { seed, kinds: simulatedFaults });
      const again = await simulate(plan, { seed, kinds: simulatedFaults });
      const repeated = await simulate(plan, repeatOf({ ...first, plan }));
      expect(first.stream.lastSeq).toBeGreaterThan(50);
      expect(bytesOf(again)).toBe(bytesOf(first));
      expect(bytesOf(repeated)).toBe(bytesOf(first));
    }
  });
});

describe('the hunt', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'headcount-found-'));
  });
  afterAll(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  test.each(wrongBuilds)(
    'finds a company that $what, and says it shortly',
    { timeout: 10 * MINUTES },
    async (wrong) => {
      const plan = await planOf(wrong.scenario);
      const { build } = wrong;
      let first: Simulated | undefined;
      for (let seed = 1; seed <= 500 && first === undefined; seed += 1) {
        const run = await simulate(plan, { seed, kinds: simulatedFaults }, { build });
        if (run.violations.length > 0) first = run;
      }
      if (!first) throw new Error('500 seeds found nothing');
      const wanted = first.violations.map(({ invariant }) => invariant);
      const fails = async (failing: Failing) =>
        (await simulate(failing.plan, repeatOf(failing), { build })).violations.some(({ invariant }) =>
          wanted.includes(invariant),
        );
      const shortest = await shrink({ ...first, plan }, { fails, most: 30 });
      expect(shortest.strikes.length).toBeLessThanOrEqual(first.strikes.length);
      const path = await writeFound(shortest, first.violations, dir);
      const written = await readPlan({ scenario: path, org });
      const again = await simulate(written, { seed: first.seed, kinds: [] }, { build });
      expect(again.violations.map(({ invariant }) => invariant).some((one) => wanted.includes(one))).toBe(true);
    },
  );

  test('writes a story without a task that is split as one that can be played', async () => {
    const plan = await planOf('first-product');
    const split = plan.scenario.answers.find(({ for: { purpose } }) => purpose === 'split')?.for.task;
    const scenario = withoutTask(plan.scenario, split ?? '');
    if (!scenario) throw new Error('no task of the story is split');
    const failing = { plan: { ...plan, scenario }, seed: 7, strikes: [], processes: 1, healAfterMs: MINUTES };
    const path = await writeFound(failing, [], dir);
    expect(await readFile(path, 'utf8')).not.toContain('$schema');
    const written = await readPlan({ scenario: path, org });
    expect(written.scenario.answers.map(({ for: { task } }) => task)).not.toContain(split);
  });

  test('a company that waits for ever for what does not come is found, says who waits, and is said shortly', {
    timeout: 5 * MINUTES,
  }, async () => {
    const plan = await planOf('outage');
    const build: Build = {
      products: (products) => ({ ...products, repos: { ...products.repos, findMerge: () => new Promise(() => {}) } }),
    };
    const first = await simulate(plan, { seed: 1, kinds: simulatedFaults }, { build });
    const said = first.violations.map(({ detail }) => detail);
    expect(said[0]).toMatch(/^it stands still at 2\S+: turns that hold time: 1, that wait for a place: \d+$/);
    expect(said).toContainEqual(expect.stringMatching(/^T\d+ \S+ is \w+/));
    expect(said).toContainEqual(expect.stringMatching(/ has not settled \S+ \(try \d+\)$/));
    expect(said).toContainEqual(expect.stringMatching(/^\S+ is working\.\w+ since /));
    const fails = async (failing: Failing) =>
      (await simulate(failing.plan, repeatOf(failing), { build })).violations.length > 0;
    const shortest = await shrink({ ...first, plan }, { fails, most: 4 });
    expect([first.strikes.length > 0, shortest.strikes]).toEqual([true, []]);
  });
});

/** Seeds of each scenario; more with `HEADCOUNT_SEEDS`. */
const SEEDS = Number(process.env.HEADCOUNT_SEEDS ?? 100);

describe('a company with every fault there is', () => {
  test.each(['outage', 'retry-ladder'])('%s: no seed breaks an invariant', { timeout: 20 * MINUTES }, async (name) => {
    const plan = await planOf(name);
    const wrong: unknown[] = [];
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { violations } = await simulate(plan, { seed, kinds: simulatedFaults });
      if (violations.length > 0) wrong.push(`headcount sim scenarios/${name}.yaml --seed ${seed}`, violations[0]);
    }
    expect(wrong).toEqual([]);
  });
});
