// Every error this project throws on purpose: what happened, why, and what to do next. The CLI prints exactly these
// three parts; `exit` is the documented exit code of the command that ends with it.

/** Exit codes: 1 failed expectation, 2 usage, 3 invalid file, 4 budget, 5 infrastructure, 130 interrupted. */
export type ExitCode = 1 | 2 | 3 | 4 | 5 | 130;

/** An error with a stable code and a next step. Subclasses live beside what throws them. */
export class HeadcountError extends Error {
  override readonly name: string = 'HeadcountError';
  readonly code: string;
  readonly next: string;
  readonly exit: ExitCode;

  /**
   * @param code stable, upper case with underscores
   * @param message what happened and why, one line
   * @param next what the reader can do now
   * @param options the exit code (5 unless told) and the cause
   */
  constructor(code: string, message: string, next: string, options: { exit?: ExitCode; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.next = next;
    this.exit = options.exit ?? 5;
  }
}

/** A write that expected another last sequence on its subject: somebody else wrote first. */
export class StaleWrite extends HeadcountError {
  override readonly name = 'StaleWrite';
  readonly subject: string;
  constructor(subject: string, expected: number) {
    super(
      'STALE_WRITE',
      `${subject} moved on: sequence ${expected} is no longer its last`,
      'read it again and decide again',
    );
    this.subject = subject;
  }
}

/** The stream cannot be reached or refuses to work; the message names the reason. */
export class BusFailure extends HeadcountError {
  override readonly name: string = 'BusFailure';
}

/** The last message on a subject does not parse: another version wrote it, or somebody else. */
export class ForeignMessage extends BusFailure {
  override readonly name: string = 'ForeignMessage';
  readonly subject: string;
  readonly seq: number;
  /** What is wrong with it, without the subject. */
  readonly reason: string;
  /** The message as it was stored. */
  readonly text: string;
  constructor(subject: string, seq: number, reason: string, text: string) {
    super(
      'FOREIGN_MESSAGE',
      `sequence ${seq} on ${subject} is no message of ours: ${reason}`,
      'find out who writes to this stream',
    );
    this.subject = subject;
    this.seq = seq;
    this.reason = reason;
    this.text = text;
  }
}

/** Anything thrown, as one line of text. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
