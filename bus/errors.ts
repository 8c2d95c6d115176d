// Every error this project throws on purpose: what happened, why, and what to do next. The CLI prints exactly these
// three parts; `exit` is the documented exit code of the command that ends with it.

/** Exit codes: 1 failed expectation, 2 usage, 3 invalid file, 4 budget, 5 infrastructure. */
export type ExitCode = 1 | 2 | 3 | 4 | 5;

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
  override readonly name = 'BusFailure';
}

/** Anything thrown, as one line of text. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
