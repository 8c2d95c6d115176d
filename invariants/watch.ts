// The auditor beside a company that runs: what it finds is told on the stream, once, by whichever process finds it first.
// It never stops anything: a company whose rules are broken must be readable, and a person decides.

import type { Foreign, Stored } from '../bus/bus.ts';
import type { Draft } from '../bus/messages.ts';
import { subjects } from '../bus/subjects.ts';
import type { Auditor, Violation } from './auditor.ts';

/** How often one invariant is told by one process: a clock that is wrong breaks a rule with every message. */
const MOST_TOLD = 20;

export type WatchPorts = {
  readonly auditor: Auditor;
  readonly tell: (subject: string, draft: Draft<'audit.violated'>) => void;
  /** Hears of a check that itself failed; the company goes on. */
  readonly failed: (error: unknown) => void;
};

export interface Watch {
  /** The next message; nothing is told before `open`. */
  look(stored: Stored): void;
  skip(foreign: Foreign): void;
  /** The past is folded in: tells what was found in it and is not on the stream, and everything from here on at once. */
  open(): void;
  /** What must hold whenever nothing is in flight, at `now` (epoch ms). */
  rest(now: number): void;
}

/** The same violation has the same id, whoever finds it. */
function idOf({ invariant, subject, seq }: Violation): string {
  return `audit.${invariant}.${seq}.${subject}`.slice(0, 256);
}

export function createWatch({ auditor, tell, failed }: WatchPorts): Watch {
  const pending = new Map<string, Violation>();
  const told = new Set<string>();
  const counts = new Map<string, number>();
  let isOpen = false;

  function note(found: readonly Violation[]): void {
    for (const violation of found) {
      const id = idOf(violation);
      if (!told.has(id)) pending.set(id, violation);
    }
    if (isOpen && pending.size > 0) tellPending();
  }

  function tellPending(): void {
    for (const [id, { invariant, seq, subject, detail }] of pending) {
      told.add(id);
      const count = (counts.get(invariant) ?? 0) + 1;
      counts.set(invariant, count);
      if (count > MOST_TOLD) continue;
      const data = { invariant, seq, about: subject, detail };
      tell(subjects.audit(invariant), { id, type: 'audit.violated', source: 'auditor', data });
    }
    pending.clear();
  }

  const guarded = (run: () => readonly Violation[]): void => {
    try {
      note(run());
    } catch (error) {
      failed(error);
    }
  };

  return {
    look(stored) {
      const { message } = stored;
      if (message.type !== 'audit.violated') return guarded(() => auditor.look(stored));
      told.add(message.id);
      pending.delete(message.id);
      // What is wrong with the report of a violation is not reported: that would go on for ever.
      guarded(() => auditor.look(stored).slice(0, 0));
    },
    skip: (foreign) => auditor.skip(foreign),
    open() {
      isOpen = true;
      tellPending();
    },
    rest: (now) => guarded(() => auditor.atRest(now)),
  };
}
