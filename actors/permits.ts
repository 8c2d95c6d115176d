// The policy gate (tools/policy/gate.ts) as one piece of work passes it, and what the guards of its tools refuse: a refusal is on
// the stream before anybody acts on it; what is allowed is noted in the next step that the work records, so that a permission
// costs no message.

import { createHash } from 'node:crypto';
import type { Unsigned } from '../bus/drafts.ts';
import type { DataOf } from '../bus/messages.ts';
import type { PolicyCall, PolicyRuling, Refusal } from '../bus/policy.ts';
import { subjects } from '../bus/subjects.ts';
import type { Role } from '../org/org.ts';
import { type Decision, decide } from '../tools/policy/gate.ts';
import type { Secrets } from '../tools/policy/secrets.ts';

export type PermitOffice = {
  readonly agent: string;
  readonly role: Role;
  /** The task or job, and its attempt. */
  readonly work: () => { readonly id: string; readonly attempt: number };
  readonly taint: () => readonly string[];
  readonly secrets: Pick<Secrets, 'scrub'>;
  readonly publish: (subject: string, draft: Unsigned<'policy.decided'>) => Promise<void>;
};

/** Decisions made in one piece of work. */
export class Permits {
  readonly #office: PermitOffice;
  /** Ids of decisions that are on the stream. */
  readonly #told = new Set<string>();
  #allowed: string[] = [];

  constructor(office: PermitOffice) {
    this.#office = office;
  }

  /**
   * Decides on a call, and records the decision.
   * @param allowedBy the person who allowed this very act
   */
  async decide(call: PolicyCall, allowedBy?: string): Promise<Decision> {
    const { role, taint } = this.#office;
    const decision = decide({ role, taint: taint(), allowedBy }, call);
    if (decision.verdict === 'allow') this.#allowed.push(call.tool);
    if (decision.verdict === 'deny' || decision.rule === 'taint') await this.#tell(call, decision);
    return decision;
  }

  /** Records what a guard has refused; the same refusal in the same attempt once. */
  async refused({ rule, reason, ...call }: Refusal): Promise<void> {
    await this.#tell(call, { verdict: 'deny', rule, reason });
  }

  /** What was allowed since this was last asked. */
  takeAllowed(): readonly string[] {
    const taken = this.#allowed;
    this.#allowed = [];
    return taken;
  }

  async #tell({ tool, summary, destination }: PolicyCall, { verdict, rule, reason }: PolicyRuling): Promise<void> {
    const { agent, role, work, taint, secrets, publish } = this.#office;
    const { id, attempt } = work();
    // A model may have put the secret into what it asks for.
    const said = (text: string, most: number) => secrets.scrub(text).slice(0, most);
    const data: DataOf<'policy.decided'> = {
      work: id,
      agent,
      role: role.name,
      attempt,
      tool: said(tool, 100),
      verdict,
      rule,
      reason: said(reason, 500),
      summary: said(summary, 300),
      ...(destination === undefined ? {} : { destination: said(destination, 200) }),
      taint: [...taint()],
    };
    const digest = createHash('sha256').update(
      JSON.stringify([data.tool, data.summary, data.destination, data.reason]),
    );
    const message = `policy.${id}.a${attempt}.${verdict}.${digest.digest('hex').slice(0, 12)}`;
    if (this.#told.has(message)) return;
    await publish(subjects.policy(id), { id: message, type: 'policy.decided', data });
    this.#told.add(message);
  }
}
