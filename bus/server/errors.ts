import { HeadcountError } from '../errors.ts';

/** One place that was looked at for a server, and why it gave none. */
export type Rejection = { readonly place: string; readonly reason: string };

/** No usable nats-server anywhere; the caller falls back to the memory bus. */
export class NoServer extends HeadcountError {
  override readonly name = 'NoServer';
  readonly rejections: readonly Rejection[];
  constructor(rejections: readonly Rejection[]) {
    const looked = rejections.map(({ place, reason }) => `${place}: ${reason}`).join('; ');
    super(
      'NO_SERVER',
      `no nats-server could be found or fetched (${looked})`,
      'install nats-server 2.10 or newer, or set NATS_URL to one that runs',
    );
    this.rejections = rejections;
  }
}

type FailureCode =
  | 'PORT_TAKEN'
  | 'STORE_NOT_WRITABLE'
  | 'STORE_FULL'
  | 'STORE_IN_USE'
  | 'SERVER_DIED'
  | 'SERVER_SILENT'
  | 'CONFIG_IGNORED';

/** A nats-server was found but does not serve; `code` says why. */
export class ServerFailure extends HeadcountError {
  override readonly name = 'ServerFailure';
  declare readonly code: FailureCode;
  constructor(code: FailureCode, message: string, next: string, cause?: unknown) {
    super(code, message, next, { cause });
  }
}

/** A package could not be brought from a Debian archive; the message lists what was tried. */
export class NoPackage extends HeadcountError {
  override readonly name = 'NoPackage';
  constructor(name: string, reasons: readonly string[]) {
    super(
      'NO_PACKAGE',
      `${name} could not be fetched (${reasons.join('; ')})`,
      `install ${name} with your package manager`,
    );
  }
}
