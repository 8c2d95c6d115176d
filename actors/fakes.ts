// Tools that a test does not need: whoever touches one is told which.

import type { Deployer, Forge, Products, Tools } from '../tools/tools.ts';
import { noWeb } from '../tools/web/web.ts';

function absent(what: string): () => never {
  return () => {
    throw new Error(`this test has no ${what}`);
  };
}

export const noProducts: Products = {
  ensure: absent('products.ensure'),
  head: absent('products.head'),
  read: absent('products.read'),
  list: absent('products.list'),
  changed: absent('products.changed'),
  log: absent('products.log'),
  openClone: absent('products.openClone'),
  apply: absent('products.apply'),
  validate: absent('products.validate'),
  test: absent('products.test'),
  commit: absent('products.commit'),
  changes: absent('products.changes'),
  keep: absent('products.keep'),
  closeClone: absent('products.closeClone'),
  document: absent('products.document'),
};

export const noForge: Forge = {
  open: absent('forge.open'),
  get: absent('forge.get'),
  check: absent('forge.check'),
  review: absent('forge.review'),
  merge: absent('forge.merge'),
  close: absent('forge.close'),
};

/** Nothing is live, and there is nothing to end. */
export const noDeployer: Deployer = {
  start: absent('deployer.start'),
  probe: absent('deployer.probe'),
  promote: absent('deployer.promote'),
  discard: absent('deployer.discard'),
  live: () => undefined,
  close: async () => {},
};

export const noTools: Tools = { products: noProducts, forge: noForge, deployer: noDeployer, web: noWeb };
