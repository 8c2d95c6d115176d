// Looks at a company's stream as its storage kept it, and does what a person decides when that has failed.

import { join } from 'node:path';
import { createBoard } from '../actors/board.ts';
import type { Bus } from '../bus/bus.ts';
import { RealClock } from '../bus/clock.ts';
import { BusFailure, HeadcountError } from '../bus/errors.ts';
import { type JetStreamBus, openJetStreamBus } from '../bus/jetstream.ts';
import { type Damage, goneWith } from '../bus/ledger/errors.ts';
import { Ledger } from '../bus/ledger/ledger.ts';
import { markOf, replaceLedger } from '../bus/ledger/lines.ts';
import { subjects } from '../bus/subjects.ts';
import { chooseCompany, type Server, withServer } from './connect.ts';
import { type CliContext, note } from './context.ts';
import {
  checkAgainst,
  type Kept,
  ledgersDir,
  putAllAside,
  putUnreadableAside,
  readLedgers,
  tasksIn,
} from './ledgers.ts';
import { firstLost } from './lost-companies.ts';
import { keepItsTime } from './own-time.ts';
import { readRunFile } from './run-file.ts';
import { companiesAt } from './stream.ts';

export type Inspected = {
  readonly company: string;
  /** How many ledgers of this workspace have seen its stream. */
  readonly ledgers: number;
  readonly lastSeq: number;
  /** Compared up to this sequence. */
  readonly to: number;
  readonly damage?: Damage;
  readonly accepted?: {
    readonly by: string;
    readonly requeued: readonly string[];
    readonly rewound: readonly string[];
    /** Ledgers that could not be read, where they are now. */
    readonly aside: readonly string[];
  };
};

type Request = {
  readonly nats: string | undefined;
  readonly company: string | undefined;
  readonly accept: boolean;
  readonly by: string;
};

/** A company that runs cannot be repaired under its own feet. Exit code 5. */
export class StillRunning extends HeadcountError {
  override readonly name = 'StillRunning';
  constructor(company: string, pid: number) {
    super(
      'COMPANY_RUNNING',
      `company ${company} runs here as process ${pid}`,
      `end it first: Ctrl+C there, or kill ${pid}`,
    );
  }
}

/** Throws StillRunning when the company runs in this workspace. */
export function refuseRunning(company: string, { cwd }: Pick<CliContext, 'cwd'>): void {
  const running = readRunFile(cwd);
  if (running?.company === company) throw new StillRunning(company, running.pid);
}

/** Compares all of the stream with every ledger; accepts what is wrong when that is asked for. */
export function inspectStorage({ nats, company, accept, by }: Request, context: CliContext): Promise<Inspected> {
  const say = (line: string) => note(context, line);
  return withServer(nats === undefined ? {} : { nats }, context, async ({ url, own }) => {
    const name = company ?? (await nameFor({ url, own }, context, say));
    if (accept) refuseRunning(name, context);
    const aside = accept ? await putUnreadableAside(context.cwd, name) : [];
    const kept = await readLedgers(context.cwd, name);
    const clock = new RealClock();
    const bus = await openIfThere(url, name, clock);
    try {
      const found = bus ? await compare(bus, kept) : goneOf(name, kept);
      if (!accept) return found;
      if (!found.damage) {
        if (bus && kept.length === 0) await noteAll(bus, context.cwd, `accepted by ${by}`, say);
        else if (aside.length === 0) return found;
        return { ...found, accepted: { by, requeued: [], rewound: [], aside } };
      }
      if (bus) await keepItsTime(bus, clock);
      return { ...found, accepted: { ...(await acceptLoss({ bus, kept, damage: found.damage, by })), aside } };
    } finally {
      await bus?.close();
    }
  });
}

/** A stream that is gone cannot be found on the server, but its ledgers are here; it is looked at before those that are there. */
async function nameFor(
  { url, own }: Pick<Server, 'url' | 'own'>,
  { cwd }: CliContext,
  say: (line: string) => void,
): Promise<string> {
  const there = await companiesAt(url);
  const lost = own || there.length === 0 ? await firstLost(cwd, there) : undefined;
  return lost ? lost.company : chooseCompany(there, undefined, say);
}

async function openIfThere(url: string, company: string, clock: RealClock): Promise<JetStreamBus | undefined> {
  try {
    return await openJetStreamBus({ servers: url, company, clock, log: () => {} });
  } catch (error) {
    if (error instanceof BusFailure && error.code === 'NO_COMPANY') return undefined;
    throw error;
  }
}

async function compare(bus: Bus, kept: readonly Kept[]): Promise<Inspected> {
  const { lastSeq } = await bus.info();
  const verdict = await checkAgainst(bus, kept, true);
  const known = { company: bus.company, ledgers: kept.length, lastSeq };
  return verdict.ok
    ? { ...known, to: verdict.to }
    : { ...known, to: verdict.damage.firstBad - 1, damage: verdict.damage };
}

function goneOf(company: string, kept: readonly Kept[]): Inspected {
  const [furthest] = kept;
  if (!furthest) throw new BusFailure('NO_COMPANY', `no company ${company} is on this server`, 'headcount up');
  const damage = goneWith(markOf(furthest), tasksIn(furthest));
  return { company, ledgers: kept.length, lastSeq: 0, to: 0, damage };
}

type Acceptance = {
  readonly bus: JetStreamBus | undefined;
  readonly kept: readonly Kept[];
  readonly damage: Damage;
  readonly by: string;
};

/** Writes the decision down, gives open work out again, and begins the ledgers again behind the damage. */
async function acceptLoss({
  bus,
  kept,
  damage,
  by,
}: Acceptance): Promise<Omit<NonNullable<Inspected['accepted']>, 'aside'>> {
  const { kind, firstBad, missing, mark, lastSeq, tasks } = damage;
  let rewound: string[] = [];
  let requeued: string[] = [];
  let missingNow = 0;
  if (bus && kind !== 'gone') {
    rewound = await bus.rewind(firstBad - 1);
    const data = { by, kind, firstBad, missing, mark, lastSeq, tasks: [...tasks] };
    const id = `control.storage.${lastSeq}.${mark}`;
    await bus.publish(subjects.storage, { id, type: 'loss.accepted', source: 'operator', data });
    requeued = await giveOutAgain(bus, lastSeq);
    const now = await bus.info();
    missingNow = now.lastSeq - now.messages;
  }
  for (const { path } of kept) {
    const ledger = await Ledger.open(path, () => {});
    const begins = bus ? (await bus.info()).lastSeq + 1 : 1;
    await ledger.startOver(`loss accepted by ${by}`, begins, missingNow);
    await ledger.close();
  }
  return { by, requeued, rewound };
}

/** Tasks that somebody worked on: the message that says so may be among the lost ones. */
async function giveOutAgain(bus: Bus, lastSeq: number): Promise<string[]> {
  const board = createBoard();
  for await (const { message, seq } of bus.replay({ filter: '>' })) board.told(message, seq);
  const open = board.tasks().filter(({ status }) => ['ready', 'working', 'retrying'].includes(status));
  for (const { id, role } of open) {
    const data = { task: id, why: 'requeued' } as const;
    const draft = {
      id: `${id}.requeued.after-loss.${lastSeq}`,
      type: 'assignment.given',
      source: 'operator',
      data,
    } as const;
    await bus.publish(subjects.tasksFor(role), draft);
  }
  return open.map(({ id }) => id);
}

/**
 * Begins the ledger of a stream that was just written, as the stream holds it. What older ledgers of that name vouch for is
 * put aside.
 * @param log told when it cannot be written to its end
 */
export async function noteAll(bus: Bus, workspace: string, why: string, log: (line: string) => void): Promise<void> {
  await putAllAside(workspace, bus.company);
  const path = join(ledgersDir(workspace, bus.company), '1.jsonl');
  const { lastSeq, messages } = await bus.info();
  await replaceLedger(path, { beginning: { begins: 1, why, missing: lastSeq - messages }, links: [] });
  const ledger = await Ledger.open(path, log);
  let raw: Uint8Array | undefined;
  const bytes = (one: Uint8Array) => {
    raw = one;
  };
  for await (const stored of bus.replay({ filter: '>', bytes })) ledger.seen(stored, raw);
  await ledger.close();
}
