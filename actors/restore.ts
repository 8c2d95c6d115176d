// A process does not survive its company, and the company brain says what was live. Before a company takes work again,
// that is live again; what cannot be is for QA to find, whose probes meet nothing.

import type { Ports } from './ports.ts';

export type Restored = {
  readonly product: string;
  readonly commit: string;
  /** Undefined when it did not come up; `detail` says why. */
  readonly url: string | undefined;
  readonly detail: string;
};

/** Starts and promotes what was live of each product. Doing it twice changes nothing. */
export async function restoreLive({
  company,
  tools,
  org,
}: Pick<Ports, 'company' | 'tools' | 'org'>): Promise<Restored[]> {
  const { deployer } = tools;
  const { deployments } = company.get();
  const restored: Restored[] = [];
  for (const product of org().products) {
    const last = deployments.findLast(
      ({ product: slug, status }) => slug === product.slug && (status === 'live' || status === 'stopped'),
    );
    if (last?.status !== 'live') continue;
    const { commit } = last;
    const { ok, detail } = await deployer.start(product, commit);
    if (ok) await deployer.promote(product, commit);
    restored.push({ product: product.slug, commit, url: deployer.live(product.slug)?.url, detail });
  }
  return restored;
}
