// Thinking as a port. A model gets a prompt and a purpose and gives back text, which the caller parses with the schema of
// that purpose (brain/answers.ts): a model's answer is outside data.

import type { Failure, Usage } from '../../bus/records.ts';

export type Purpose =
  | 'strategy'
  | 'decompose'
  | 'remediate'
  | 'write'
  | 'advise'
  | 'split'
  | 'review'
  | 'answer'
  | 'staff';

export type Question = {
  /** Same id, same question: a recorded answer is found by it. */
  readonly id: string;
  readonly purpose: Purpose;
  readonly role: string;
  readonly agent: string;
  readonly tier: 'strategy' | 'coding' | 'light';
  /** Natural key of the task or message it is about (`D1.store`), and the attempt. */
  readonly about: string;
  readonly attempt: number;
  readonly prompt: string;
};

export type Answer = { readonly text: string; readonly usage: Usage };

export interface Model {
  /** Throws ModelFailure when there is no answer; an aborted call rejects with the signal's reason. */
  think(question: Question, signal: AbortSignal): Promise<Answer>;
}

/** A typed failure of a model; `usage` is charged all the same. */
export class ModelFailure extends Error {
  override readonly name = 'ModelFailure';
  readonly failure: Failure;
  readonly usage: Usage | undefined;
  constructor(failure: Failure, usage?: Usage) {
    super(failure.reason);
    this.failure = failure;
    this.usage = usage;
  }
}
