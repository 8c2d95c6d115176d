// The auditor beside a company that runs: fed by the same tap as the projections, it tells what it finds on the stream.

import type { Foreign, Stored } from '../bus/bus.ts';
import { reasonOf } from '../bus/errors.ts';
import { createWatch } from '../invariants/watch.ts';
import { openAuditor } from './audit-rules.ts';
import type { Past } from './following.ts';

/** How often it looks for what lies still, ms of the company's clock. */
const LOOK_MS = 5 * 60_000;

export type AuditBeside = {
  readonly told: (stored: Stored, bytes?: Uint8Array) => void;
  readonly skip: (foreign: Foreign) => void;
  /** The past is folded in: from now on it says what it finds, soon also in the past. */
  open(): void;
  close(): Promise<void>;
};

/** How long after the opening the past is judged: work that was in hand goes first. Ms of the company's clock. */
const PAST_MS = 1_000;
/** A past longer than this is judged as it is read: it would take too much memory to keep. */
const KEPT = 20_000;
/** How many messages of it are judged before everything else has its turn. */
const SLICE = 100;

type Heard = { readonly stored: Stored } | { readonly foreign: Foreign };

export function auditBeside({ bus, clock, org, log, onMessage }: Past): AuditBeside {
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
  const judge = (one: Heard): void => {
    if ('stored' in one) watch.look(one.stored);
    else watch.skip(one.foreign);
  };
  /** What waits to be judged, in order. */
  const waiting: Heard[] = [];
  /** While the past is judged, slice by slice. A simulated company waits for nothing. */
  let isBehind = !clock.virtual;
  let isOpen = false;

  function hear(one: Heard): void {
    if (clock.virtual) judge(one);
    else if (waiting.push(one) > KEPT) judgeNext(KEPT);
    else if (!isBehind && waiting.length === 1) afterThisRound(judgeAll);
  }

  function judgeNext(most: number): void {
    for (const one of waiting.splice(0, most)) judge(one);
  }

  function judgeAll(): void {
    judgeNext(waiting.length);
  }

  function catchUp(): void {
    judgeAll();
    isBehind = false;
    watch.open();
  }

  const looking = async () => {
    await clock.sleepUntil(clock.now() + PAST_MS, closed.signal);
    while (waiting.length > 0) {
      judgeNext(SLICE);
      await new Promise((resolve) => setImmediate(resolve));
      closed.signal.throwIfAborted();
    }
    catchUp();
    for (;;) {
      await clock.sleepUntil(clock.now() + LOOK_MS, closed.signal);
      judgeAll();
      watch.rest(clock.now());
    }
  };
  return {
    told(stored, bytes) {
      hear({ stored });
      onMessage?.(stored, bytes);
    },
    skip: (foreign) => hear({ foreign }),
    open() {
      isOpen = true;
      // A simulated company is looked at by whoever simulates it, and when it has ended.
      if (clock.virtual) watch.open();
      else looking().catch(() => {});
    },
    async close() {
      closed.abort(new Error('the company closes'));
      if (!isOpen) return;
      if (isBehind) catchUp();
      else judgeAll();
    },
  };
}

/**
 * When this round of the event loop has handed to the stream what it writes, and everybody has had what came in the meantime: while the
 * stream makes its answers there is nothing else to do.
 */
function afterThisRound(run: () => void): void {
  setImmediate(() => setImmediate(run));
}
