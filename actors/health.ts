// Reading health checks: what failed, in one line, and what it says of a product.

import type { Probe } from '../tools/tools.ts';

export function failing(probes: readonly Probe[]): readonly Probe[] {
  return probes.filter((probe) => !probe.ok);
}

/** `3 of 4 checks pass; redirect: got 500`. */
export function healthLine(probes: readonly Probe[]): string {
  const bad = failing(probes);
  const counted = `${probes.length - bad.length} of ${probes.length} checks pass`;
  return [counted, ...bad.map((probe) => `${probe.name}: ${probe.detail}`)].join('; ');
}

/** Percentage of checks that failed, 0 when there are none. */
export function errorRate(probes: readonly Probe[]): number {
  return probes.length === 0 ? 0 : Math.round((failing(probes).length / probes.length) * 1_000) / 10;
}
