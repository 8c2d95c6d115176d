// Keeps a second process from running the same company: whoever runs it answers on a presence subject. No lease, no file:
// the answer stops with the connection. Processes that only join (`--roles`) do not claim.

import { hostname } from 'node:os';
import { ErrorCode, type Msg, type NatsConnection, NatsError, nuid } from 'nats';
import { z } from 'zod';
import { CompanyRunning, failure } from './errors.ts';

const ANSWER_MS = 300;
/** How long two processes that start together wait for each other. */
const TOGETHER_MS = 100;

/** Who answers. */
export type Presence = {
  readonly pid: number;
  readonly host: string;
  /** Its name among the company's processes. */
  readonly name?: string | undefined;
  /** Takes the place of a process with the same name, which is fenced. */
  readonly replaces?: boolean | undefined;
};

const Claim = z.object({
  claim: z.string(),
  running: z.boolean(),
  pid: z.number(),
  host: z.string(),
  name: z.string().optional(),
});
type Claim = z.infer<typeof Claim>;

type Claimed = { readonly company: string; readonly connection: NatsConnection };

/**
 * Begins to claim a company for this process, until its bus closes. Throws CompanyRunning when another one runs it; `settled` does, 100 ms later, when another one that
 * has begun at the same moment stays. Until then nothing may be written.
 */
export async function beginClaim(
  bus: Claimed,
  who: Presence = { pid: process.pid, host: hostname() },
): Promise<{ readonly settled: Promise<void> }> {
  const { company, connection: nc } = bus;
  const subject = `_headcount.presence.${company}`;
  const own: Claim = { claim: nuid.next(), running: false, pid: who.pid, host: who.host, name: who.name };
  const replaced = (other: Claim) => who.replaces === true && other.name === who.name;
  const there = await ask(nc, subject, own, ANSWER_MS);
  if (there && !replaced(there)) throw new CompanyRunning(company, there);
  // Two that start together both find nobody. Then each hears of the other, by its question or by its answer, and the one
  // with the lower claim stays.
  let rival: Claim | undefined;
  const heard = (other: Claim | undefined) => {
    if (other && !own.running && !replaced(other) && (other.running || other.claim < own.claim)) rival = other;
  };
  const presence = nc.subscribe(subject, {
    callback: (_, msg) => {
      const asking = read(msg);
      if (asking?.claim === own.claim) return;
      heard(asking);
      msg.respond(JSON.stringify(own));
    },
  });
  const settle = async () => {
    heard(await ask(nc, subject, own, TOGETHER_MS));
    if (rival) {
      presence.unsubscribe();
      throw new CompanyRunning(company, rival);
    }
    own.running = true;
  };
  const settled = settle();
  // It is waited for later.
  settled.catch(() => {});
  return { settled };
}

/** The first answer within the time, if any. */
function ask(nc: NatsConnection, subject: string, own: Claim, timeoutMs: number): Promise<Claim | undefined> {
  return nc.request(subject, JSON.stringify(own), { timeout: timeoutMs }).then(read, (error: unknown) => {
    const silent: string[] = [ErrorCode.NoResponders, ErrorCode.Timeout];
    if (error instanceof NatsError && silent.includes(error.code)) return undefined;
    throw failure('claim the company', error);
  });
}

function read(msg: Msg): Claim | undefined {
  try {
    return Claim.parse(msg.json());
  } catch {
    return undefined;
  }
}
