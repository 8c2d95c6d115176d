// The other processes of a company, as far as they live: each answers on one core NATS subject with who it is and, when asked,
// with what it holds. No lease and no file: the answers end with the process.

import { createInbox, type Msg, type NatsConnection, type Subscription } from 'nats';
import { z } from 'zod';

/** How long a process that should be there is waited for, ms. */
const ANSWER_MS = 300;

/** Unsettled deliveries of one process: stream sequences by durable. */
export type Holdings = Readonly<Record<string, readonly number[]>>;

const Answer = z.object({
  name: z.string(),
  incarnation: z.number(),
  pid: z.number(),
  host: z.string(),
  held: z.record(z.string(), z.array(z.number())).default({}),
});
export type Neighbour = Omit<z.infer<typeof Answer>, 'held'>;
type Answer = z.infer<typeof Answer>;

export class Neighbours {
  readonly #nc: NatsConnection;
  readonly #subject: string;
  /** Were asked and did not answer: dead or stopped. They are not waited for again. */
  readonly #silent = new Set<string>();
  #self: Neighbour | undefined;
  #expected: () => readonly string[] = () => [];
  #answering: Subscription | undefined;

  constructor(nc: NatsConnection, company: string) {
    this.#nc = nc;
    this.#subject = `_headcount.process.${company}`;
  }

  /** True once this process is one of them. */
  get joined(): boolean {
    return this.#self !== undefined;
  }

  /**
   * From now on this process answers.
   * @param expected names of others that have started and not left
   * @param held what it holds at the moment it is asked
   */
  join(self: Neighbour, expected: () => readonly string[], held: () => Holdings): void {
    this.#self = self;
    this.#expected = expected;
    this.#answering = this.#nc.subscribe(this.#subject, {
      callback: (_, msg) => {
        const answer: Answer = { ...self, held: msg.string() === 'held' ? copyOf(held()) : {} };
        msg.respond(JSON.stringify(answer));
      },
    });
  }

  /** Answers no more. */
  leave(): void {
    this.#answering?.unsubscribe();
  }

  /** Who is there now, this process left out. Waits 300 ms at most, and less when everybody expected has answered. */
  async present(expected: readonly string[]): Promise<Neighbour[]> {
    return (await this.#ask('who', expected)).map(({ held: _, ...neighbour }) => neighbour);
  }

  /**
   * What the others hold of a durable. Whoever was delivered something before this is called has it in hand or has settled it
   * when it answers, because both come over its one connection in order.
   */
  async held(durable: string): Promise<ReadonlySet<number>> {
    const expected = this.#expected().filter((name) => !this.#silent.has(name));
    const answers = await this.#ask('held', expected);
    const there = new Set(answers.map(({ name }) => name));
    for (const name of expected) if (!there.has(name)) this.#silent.add(name);
    return new Set(answers.flatMap(({ held }) => held[durable] ?? []));
  }

  #ask(what: 'who' | 'held', expected: readonly string[]): Promise<Answer[]> {
    const self = this.#self?.name;
    const missing = new Set(expected.filter((name) => name !== self));
    const answers: Answer[] = [];
    return new Promise((resolve) => {
      const inbox = createInbox();
      const end = () => {
        clearTimeout(timer);
        subscription.unsubscribe();
        resolve(answers);
      };
      const timer = setTimeout(end, ANSWER_MS);
      const subscription = this.#nc.subscribe(inbox, {
        callback: (_, msg) => {
          // Nobody listens.
          if (msg.headers?.code === 503) return end();
          const answer = read(msg);
          if (!answer || answer.name === self) return;
          answers.push(answer);
          missing.delete(answer.name);
          if (expected.length > 0 && missing.size === 0) end();
        },
      });
      this.#nc.publish(this.#subject, what, { reply: inbox });
      // Only its own older incarnation, or nobody, can be out there.
      if (what === 'held' && missing.size === 0) end();
    });
  }
}

function copyOf(held: Holdings): Record<string, number[]> {
  return Object.fromEntries(Object.entries(held).map(([durable, seqs]) => [durable, [...seqs]]));
}

function read(msg: Msg): Answer | undefined {
  try {
    return Answer.parse(msg.json());
  } catch {
    return undefined;
  }
}
