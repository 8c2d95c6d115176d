// The health suite of what is live, on a schedule: numbers for the company brain, an alert once per incident.

import type { Alert, Product } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import type { Probe } from '../../tools/tools.ts';
import type { JobWork, StandingDuty, Work } from '../duty.ts';
import { errorRate, healthLine } from '../health.ts';
import { short, slugOf, using } from './failing.ts';

type Probed = { readonly product: string; readonly commit: string; readonly probes: readonly Probe[] };

function liveProducts({ org, tools }: Pick<Work, 'org' | 'tools'>): readonly Product[] {
  return org.products.filter((product) => product.health.length > 0 && tools.deployer.live(product.slug));
}

/** Alerts about a check of a product that no repair has settled. */
function unsettled(work: JobWork, product: string, check: string): readonly Alert[] {
  const { bugs } = work.company.get();
  const alerts = [...work.board.state.alerts.values()];
  return alerts.filter(
    (alert) => alert.product === product && alert.check === check && bugs[alert.id]?.status !== 'fixed',
  );
}

/** One alert for each check and commit; a second incident on the same commit gets a number. */
function alertId(work: JobWork, check: string, commit: string): string {
  const id = `A-${slugOf(check)}-${short(commit)}`;
  const earlier = [...work.board.state.alerts.keys()].filter((one) => one === id || one.startsWith(`${id}-`));
  return earlier.length === 0 ? id : `${id}-${earlier.length + 1}`;
}

async function raise(work: JobWork, { product, commit, probes }: Probed): Promise<void> {
  for (const [index, probe] of probes.entries()) {
    if (probe.ok || unsettled(work, product, probe.name).length > 0) continue;
    const id = alertId(work, probe.name, commit);
    await work.publish<'alert.raised'>(subjects.alerts, {
      id: `alert.${id}`,
      type: 'alert.raised',
      data: {
        id,
        product,
        // The first check decides whether the product is up.
        severity: index === 0 ? 'critical' : 'warning',
        check: probe.name,
        detail: probe.detail,
        commit,
      },
    });
  }
}

async function settle(work: JobWork, { product, probes }: Probed): Promise<void> {
  for (const probe of probes.filter((one) => one.ok)) {
    for (const alert of unsettled(work, product, probe.name)) {
      const fixed = {
        id: `bug.${alert.id}.fixed`,
        type: 'brain.bug' as const,
        data: { id: alert.id, title: `${alert.check}: ${alert.detail}`, status: 'fixed' as const },
      };
      // The suite before this one may have said so, and a brain that lags does not know.
      await work.publish<'brain.bug'>(subjects.brain('bug'), fixed, 0);
    }
  }
}

/** Uptime is the percentage of suites in which every product's first check passed. */
async function measure(work: JobWork, probed: readonly Probed[]): Promise<void> {
  const { metrics } = work.company.get();
  const up = probed.every(({ probes }) => probes[0]?.ok ?? true);
  const suites = (metrics.health_suites ?? 0) + 1;
  const upSuites = (metrics.health_suites_up ?? 0) + (up ? 1 : 0);
  const values = {
    health_suites: suites,
    health_suites_up: upSuites,
    uptime: Math.round((upSuites / suites) * 1_000) / 10,
    error_rate: errorRate(probed.flatMap(({ probes }) => probes)),
  };
  const recorded = await work.step('measures', async () => values);
  for (const [name, value] of Object.entries(recorded)) {
    await work.publish<'brain.metric'>(subjects.brain('metric'), {
      id: `health.${work.message.id}.${name}`,
      type: 'brain.metric',
      data: { name, value },
    });
  }
}

async function run(work: JobWork): Promise<void> {
  const { deployer } = work.tools;
  const before = work.company.get().metrics.error_rate;
  const { probed, changed } = await work.step('probe', () =>
    using(async () => {
      const found: Probed[] = [];
      for (const product of liveProducts(work)) {
        const commit = deployer.live(product.slug)?.commit ?? '';
        found.push({ product: product.slug, commit, probes: await deployer.probe(product, product.health) });
      }
      return { probed: found, changed: errorRate(found.flatMap(({ probes }) => probes)) !== before };
    }),
  );
  await measure(work, probed);
  for (const one of probed) {
    await raise(work, one);
    await settle(work, one);
  }
  if (changed) await report(work, probed);
}

async function report(work: JobWork, probed: readonly Probed[]): Promise<void> {
  const id = `health.${work.message.id}.report`;
  const lines = probed.map(({ product, commit, probes }) => `${product} at ${short(commit)}: ${healthLine(probes)}`);
  await work.publish<'report.filed'>(subjects.reports, {
    id,
    type: 'report.filed',
    data: {
      id,
      kind: 'health',
      by: work.agent,
      role: work.role.name,
      status: 'info',
      summary: lines.join('\n'),
      cost: 0,
    },
  });
}

export const assure: StandingDuty = {
  kind: 'standing',
  name: 'assure',
  filters: [],
  types: ['clock.ticked'],
  wants: (look, message) => message.type === 'clock.ticked' && liveProducts(look).length > 0,
  run,
};
