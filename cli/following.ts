// A company's stream is read once from its beginning: the projections, the audit and whoever else asks hear it in one pass,
// and go on hearing it.

import type { Ports } from '../actors/ports.ts';
import { follow, type Projections } from '../actors/projections.ts';
import type { Bus, Stored } from '../bus/bus.ts';
import type { Clock } from '../bus/clock.ts';
import type { Org } from '../org/org.ts';
import { auditBeside } from './audit-beside.ts';

export type Past = {
  readonly org: Org;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Ports['log'];
  /** Called with every message after the projections have folded it. */
  readonly onMessage?: ((stored: Stored, bytes?: Uint8Array) => void) | undefined;
};

export type Following = {
  /** Closing them ends the audit too. */
  readonly projections: Projections;
  /** From now on the audit says what it finds. */
  open(): void;
};

/** Resolves when all of the past has been heard. Nothing is written before `open`. */
export async function followCompany(past: Past): Promise<Following> {
  const audit = auditBeside(past);
  const folded = await follow(past.bus, audit.told, audit.skip);
  return {
    projections: { ...folded, close: () => audit.close().then(() => folded.close()) },
    open: audit.open,
  };
}
