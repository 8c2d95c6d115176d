// The auditor beside a company that runs: fed by the same tap as the projections, it tells what it finds on the stream.

import type { Foreign, Stored } from '../bus/bus.ts';
import { reasonOf } from '../bus/errors.ts';
import { createWatch } from '../invariants/watch.ts';
import type { Assembly } from './assemble.ts';
import { openAuditor } from './audit-rules.ts';

/** How often it looks for what lies still, ms of the company's clock. */
const LOOK_MS = 5 * 60_000;

export type AuditBeside = {
  readonly told: (stored: Stored, bytes?: Uint8Array) => void;
  readonly skip: (foreign: Foreign) => void;
  /** The past is folded in. */
  open(): void;
  close(): Promise<void>;
};

export function auditBeside({ bus, clock, org, log, onMessage }: Assembly): AuditBeside {
  const closed = new AbortController();
  const failed = (error: unknown) => log('error', `the audit failed: ${reasonOf(error)}`);
  const watch = createWatch({
    auditor: openAuditor(org),
    failed,
    tell: (subject, draft) => {
      log('error', `${draft.data.invariant} is broken at ${draft.data.seq}: ${draft.data.detail}`);
      bus.publish(subject, draft).catch(failed);
    },
  });
  /** A simulated company is looked at by whoever simulates it, and when it has ended. */
  const looking = async () => {
    for (;;) {
      await clock.sleepUntil(clock.now() + LOOK_MS, closed.signal);
      watch.rest(clock.now());
    }
  };
  return {
    told(stored, bytes) {
      watch.look(stored);
      onMessage?.(stored, bytes);
    },
    skip: watch.skip,
    open() {
      watch.open();
      if (!clock.virtual) looking().catch(() => {});
    },
    async close() {
      closed.abort(new Error('the company closes'));
    },
  };
}
