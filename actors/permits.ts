// The policy gate (tools/policy/gate.ts) as one piece of work passes it: what is refused is on the stream before anybody acts
// on the answer; what is allowed is noted in the next step that the work records, so that a permission costs no message.

import { createHash } from 'node:crypto';
import type { Unsigned } from '../bus/drafts.ts';
import type { DataOf } from '../bus/messages.ts';
import { subjects } from '../bus/subjects.ts';
import type { Role } from '../org/org.ts';
import { type Call, type Decision, decide } from '../tools/policy/gate.ts';

export type PermitOffice = {
  readonly agent: string;
  readonly role: Role;
  /** The task or job, and its attempt. */
  readonly work: () => { readonly id: string; readonly attempt: number };
  readonly taint: () => readonly string[];
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
  async decide(call: Call, allowedBy?: string): Promise<Decision> {
    const { role, taint } = this.#office;
    const decision = decide({ role, taint: taint(), allowedBy }, call);
    if (decision.allowed) this.#allowed.push(decision.tool);
    if (!decision.allowed || decision.by !== undefined) await this.#tell(call, decision);
    return decision;
  }

  /** What was allowed since this was last asked. */
  takeAllowed(): readonly string[] {
    const taken = this.#allowed;
    this.#allowed = [];
    return taken;
  }

  async #tell(call: Call, decision: Decision): Promise<void> {
    const { agent, role, work, taint, publish } = this.#office;
    const { id, attempt } = work();
    const data: DataOf<'policy.decided'> = {
      work: id,
      agent,
      role: role.name,
      attempt,
      tool: call.tool.slice(0, 100),
      verdict: decision.allowed ? 'allow' : 'deny',
      reason: (decision.allowed ? `${decision.by} allowed it` : decision.reason).slice(0, 500),
      summary: call.summary.slice(0, 300),
      ...(call.destination === undefined ? {} : { destination: call.destination.slice(0, 200) }),
      taint: [...taint()],
    };
    const digest = createHash('sha256').update(
      JSON.stringify([data.tool, data.summary, data.destination, data.reason]),
    );
    const message = `policy.${id}.a${attempt}.${data.verdict}.${digest.digest('hex').slice(0, 12)}`;
    if (this.#told.has(message)) return;
    await publish(subjects.policy(id), { id: message, type: 'policy.decided', data });
    this.#told.add(message);
  }
}
