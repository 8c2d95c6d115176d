// Looks at every message of a simulated run as it is stored, at the company whenever it is at rest, and at the end.

import { createBoard } from '../actors/board.ts';
import type { Stored } from '../bus/bus.ts';
import type { MemoryStream } from '../bus/memory/stream.ts';
import { reservationsIn } from '../bus/money.ts';
import { createAuditor, type Violation } from '../invariants/auditor.ts';
import { foldOf } from '../invariants/fold.ts';
import { rulesOf } from '../invariants/rules.ts';
import type { Org } from '../org/org.ts';
import type { MemoryDisk } from '../tools/memory/products.ts';
import type { Member } from './member.ts';
import type { Asked } from './provider.ts';

export type { Violation } from '../invariants/auditor.ts';

/** How often the company is looked at while nothing is in flight, ms. */
const REST_MS = 3_600_000;
/** Kept of what is wrong: the first are the telling ones. */
const MOST = 20;

// What the simulator looks at besides the invariants of a stream:
//   S1. All work ends once everything is healed.
//   S2. The default branch holds the work of a task, and a pull request, once.
//   S3. No answer is paid for again without a cause.
//   S4. What a process believes is what the stream says.
//   S5. Nothing throws where nobody listens.
//   S6. Whoever changes a state says which sequence they have seen.
//   S7. Every call of a model is settled, but for those that something cut off.

export function createWatch(stream: MemoryStream, org: Org, heard: (stored: Stored) => void) {
  const auditor = createAuditor(rulesOf(org));
  const board = createBoard();
  const violations: Violation[] = [];
  let seen = 0;
  let rested = 0;

  function add(found: readonly Violation[]): void {
    violations.push(...found.slice(0, MOST - violations.length));
  }

  return {
    board,
    violations,
    /** Says that something is wrong that no message shows. */
    found(invariant: string, subject: string, detail: string): void {
      add([{ invariant, seq: stream.lastSeq, subject, detail }]);
    },
    obey: (next: Org) => auditor.obey(rulesOf(next)),
    /** Looks at what was stored since the last look. */
    messages(): void {
      while (seen < stream.lastSeq) {
        seen += 1;
        const stored = stream.at(seen);
        if (!stored) return;
        add(auditor.look(stored));
        board.told(stored.message, stored.seq);
        heard(stored);
      }
    },
    /** Nothing is in flight at `now`. */
    rest(now: number): void {
      if (now - rested < REST_MS) return;
      rested = now;
      add(auditor.atRest(now));
    },
    /** Everything is healed and has ended. */
    end(now: number, members: readonly Member[]): void {
      add(auditor.atEnd(now));
      const told = auditor.fold();
      for (const { name, projections } of members) {
        if (projections && foldOf(projections.board.state) !== told) {
          this.found('S4', `process.${name}`, 'its board differs from the fold of the stream');
        }
      }
    },
    fold: () => auditor.fold(),
  };
}

/** What is on a default branch twice, by the trailers of its commits. */
export function landedTwice({ repositories, commits }: MemoryDisk): readonly { slug: string; detail: string }[] {
  const found: { slug: string; detail: string }[] = [];
  for (const [slug, { main }] of repositories) {
    const counts = new Map<string, number>();
    for (let commit = commits.get(main); commit; commit = commits.get(commit.parents[0] ?? '')) {
      for (const line of commit.message.split('\n')) {
        if (/^(?:Task|Pull): \S+$/.test(line)) counts.set(line, (counts.get(line) ?? 0) + 1);
      }
    }
    for (const [line, count] of counts) {
      if (count > 1) found.push({ slug, detail: `${count} commits of main say ${line}` });
    }
  }
  return found;
}

/** Questions asked more often than once, than the provider failed them, and than anything gave a reason to. */
export function paidAgain({ asked, failed }: Asked, reasons: number): readonly string[] {
  const found: string[] = [];
  for (const [id, times] of asked) {
    const allowed = 1 + (failed.get(id) ?? 0) + reasons;
    if (times > allowed) found.push(`${id} was asked ${times} times, with reason for ${allowed}`);
  }
  return found;
}

/** Calls that nobody settled or refunded, when they are more than what went wrong can have cut off. */
export function unsettled(messages: readonly Stored[], allowed: number): readonly string[] {
  const open = new Set<string>();
  for (const { message } of messages) {
    if (message.type === 'money.reserved') for (const { call } of reservationsIn(message.data)) open.add(call);
    else if (message.type === 'money.settled' || message.type === 'money.refunded') open.delete(message.data.call);
  }
  if (open.size <= allowed) return [];
  return [`${open.size} calls are not settled, with reason for ${allowed}: ${[...open].slice(0, 3).join(', ')}`];
}
