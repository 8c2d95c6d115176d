// Thinking as a port. A model gets a prompt and a purpose and gives back text, which the caller parses with the schema of
// that purpose (brain/answers.ts): a model's answer is outside data.

import type { Failure, Usage } from '../../bus/records.ts';

/** What a question is for; brain/answers.ts says what each must be answered with. `work`: a turn of a tool loop. */
export type Purpose =
  | 'work'
  | 'strategy'
  | 'decompose'
  | 'remediate'
  | 'write'
  | 'advise'
  | 'split'
  | 'review'
  | 'answer'
  | 'staff';

/** Something that a model may ask the host to do. */
export type ToolSpec = {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its arguments. */
  readonly input: Readonly<Record<string, unknown>>;
};

/** One wish of a model. `input` is outside data: JSON that nobody has checked yet, or the text that was no JSON. */
export type ToolCall = { readonly id: string; readonly name: string; readonly input: unknown };

export type ToolResult = { readonly id: string; readonly text: string; readonly isError: boolean };

/** One round of a tool loop: what the model said, word for word as its provider gave it, and what came of its calls. */
export type Exchange = { readonly said: unknown; readonly results: readonly ToolResult[] };

export type Question = {
  /** Same id, same question: a recorded answer is found by it. */
  readonly id: string;
  readonly purpose: Purpose;
  readonly role: string;
  readonly agent: string;
  readonly tier: 'strategy' | 'coding' | 'light';
  /** Type of the task it is about; undefined for other work. Routing may look at it. */
  readonly taskType: string | undefined;
  /** Natural key of the task or message it is about (`D1.store`), and the attempt. */
  readonly about: string;
  readonly attempt: number;
  /** Who is asked and by which rules: the same in all questions of a role, so that a provider can cache it. */
  readonly system: string;
  readonly prompt: string;
  /** JSON Schema that the text of the answer must keep; undefined in a tool loop. */
  readonly schema: Readonly<Record<string, unknown>> | undefined;
  /** What the model may call; none: it can only answer. */
  readonly tools: readonly ToolSpec[];
  /** The rounds of this tool loop so far, oldest first. */
  readonly rounds: readonly Exchange[];
};

export type Answer = {
  readonly text: string;
  readonly usage: Usage;
  /** What the model wants done next; none when it has finished. */
  readonly calls: readonly ToolCall[];
  /** The whole reply as its provider gave it (JSON), for `Exchange.said`. */
  readonly said: unknown;
};

/** An answer that is text and nothing else. */
export function plainAnswer(text: string, usage: Usage): Answer {
  return { text, usage, calls: [], said: text };
}

export interface Model {
  /**
   * True for a model that can be told what is wrong with its answer, and do better. A scripted one cannot: it would say the
   * same again, and what its script says should fail, should fail.
   */
  readonly converses?: boolean;
  /**
   * Throws ModelFailure when there is no answer; an aborted call rejects with the signal's reason. Nothing of an answer that
   * broke off is returned.
   * @param heard gets parts of the answer as they come, text and which calls it makes; for watching only
   */
  think(question: Question, signal: AbortSignal, heard?: (text: string) => void): Promise<Answer>;
  /**
   * The most that the question can cost, US dollars, whichever model answers it in the end.
   * Throws ModelFailure (permanent) when no model for it is known, or one has no price.
   */
  quote(question: Question): number;
}

/** A typed failure of a model; `usage` is charged all the same. */
export class ModelFailure extends Error {
  override readonly name: string = 'ModelFailure';
  readonly failure: Failure;
  readonly usage: Usage | undefined;
  constructor(failure: Failure, usage?: Usage) {
    super(failure.reason);
    this.failure = failure;
    this.usage = usage;
  }
}
