// Where a company is in its workspace.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where a company keeps what is not on its stream. */
export type Places = {
  /** Product repositories. */
  readonly products: string;
  /** Clones, deployments and logs of this company. */
  readonly work: string;
};

/**
 * Products of a company that was forked or imported are in a folder of its own (`products/@acme-2/`), so that it and the one
 * it came from go on apart. No product can be named like that.
 */
export function ownProducts(workspace: string, company: string): string {
  return join(workspace, 'products', `@${company}`);
}

export function placesIn(workspace: string, company: string): Places {
  const own = ownProducts(workspace, company);
  const products = existsSync(own) ? own : join(workspace, 'products');
  return { products, work: join(workspace, '.headcount', company) };
}
