// Products that run nowhere: a deployer whose products answer what they should, in memory.

import type { Product } from '../../bus/records.ts';
import type { Deployer } from '../tools.ts';

/** Products as a simulated process runs them; they end with it. A product without a start command does not start. */
export function openMemoryDeployer(): Deployer {
  const beside = new Set<string>();
  const lives = new Map<string, string>();
  const keyOf = ({ slug }: Product, commit: string) => `${slug}@${commit}`;
  const runs = (product: Product, commit: string | undefined) =>
    commit === undefined || lives.get(product.slug) === commit
      ? lives.has(product.slug)
      : beside.has(keyOf(product, commit));
  return {
    async start(product, commit) {
      if (lives.get(product.slug) === commit) return { ok: true, detail: 'it is live already' };
      if (!product.start) return { ok: false, detail: 'the product has no start command' };
      beside.add(keyOf(product, commit));
      return { ok: true, detail: 'it answers' };
    },
    probe: async (product, checks, commit) =>
      runs(product, commit)
        ? checks.map(({ name, status }) => ({ name, ok: true, detail: `status ${status}` }))
        : checks.map(({ name }) => ({ name, ok: false, detail: 'nothing is running' })),
    async promote(product, commit) {
      if (beside.delete(keyOf(product, commit))) lives.set(product.slug, commit);
    },
    async discard(product, commit) {
      beside.delete(keyOf(product, commit));
    },
    live(slug) {
      const commit = lives.get(slug);
      return commit === undefined ? undefined : { commit, url: `http://${slug}.simulated` };
    },
    async close() {
      beside.clear();
      lives.clear();
    },
  };
}
