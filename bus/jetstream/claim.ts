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
export type Presence = { readonly pid: number; readonly host: string };

const Answer = z.object({ claim: z.string(), running: z.boolean(), pid: z.number(), host: z.string() });
type Answer = z.infer<typeof Answer>;

/**
 * Claims the company for this process until its bus closes. Throws CompanyRunning when another process runs it.
 * @param bus an open JetStream bus
 */
export async function claimCompany(
  bus: { readonly company: string; readonly connection: NatsConnection },
  who: Presence = { pid: process.pid, host: hostname() },
): Promise<void> {
  const { company, connection: nc } = bus;
  const subject = `_headcount.presence.${company}`;
  const claim = nuid.next();
  const there = await ask(nc, subject, claim, ANSWER_MS);
  if (there) throw new CompanyRunning(company, there);
  let running = false;
  const presence = nc.subscribe(subject, {
    callback: (_, msg) => {
      if (msg.string() !== claim) msg.respond(JSON.stringify({ claim, running, ...who } satisfies Answer));
    },
  });
  // Two that start together both found nobody; now each hears the other, and the lower claim stays.
  const rival = await ask(nc, subject, claim, TOGETHER_MS);
  if (rival && (rival.running || rival.claim < claim)) {
    presence.unsubscribe();
    throw new CompanyRunning(company, rival);
  }
  running = true;
}

/** The first answer within the time, if any. */
function ask(nc: NatsConnection, subject: string, claim: string, timeoutMs: number): Promise<Answer | undefined> {
  return nc.request(subject, claim, { timeout: timeoutMs }).then(read, (error: unknown) => {
    const silent: string[] = [ErrorCode.NoResponders, ErrorCode.Timeout];
    if (error instanceof NatsError && silent.includes(error.code)) return undefined;
    throw failure('claim the company', error);
  });
}

function read(msg: Msg): Answer | undefined {
  const parsed = Answer.safeParse(msg.json());
  return parsed.success ? parsed.data : undefined;
}
