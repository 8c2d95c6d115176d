// One request, read up to a limit. Whoever asks has judged the address.

import { type Dispatcher, request } from 'undici';
import { WebFailure, webLimits } from './web.ts';

export type Reply = {
  readonly status: number;
  /** Where it leads, for a redirect. */
  readonly location: string | undefined;
  /** In lower case, without parameters. */
  readonly type: string;
  readonly text: string;
  readonly cut: boolean;
};

export type Asked = {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** Said to every server: who reads. Nothing about this machine. */
const AGENT = 'headcount';

const one = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value);

/** Asks once; a redirect is not followed. Throws WebFailure (`offline`, `failed`); an aborted call rejects with the signal's reason. */
export async function ask(url: URL, asked: Asked, dispatcher: Dispatcher, signal: AbortSignal): Promise<Reply> {
  const { method = 'GET', headers = {}, body } = asked;
  const limit = AbortSignal.timeout(webLimits.ms);
  const fixed = {
    'user-agent': AGENT,
    'accept-encoding': 'identity',
    accept: 'text/html,application/json,text/plain;q=0.9',
  };
  try {
    const reply = await request(url, {
      method,
      headers: { ...fixed, ...headers },
      ...(body === undefined ? {} : { body }),
      dispatcher,
      signal: AbortSignal.any([signal, limit]),
    });
    // Ending a body early is an error of it, and one that nobody listens to would end the process.
    reply.body.on('error', () => {});
    const [type = '', ...parameters] = (one(reply.headers['content-type']) ?? '').split(';').map((part) => part.trim());
    const encoding = one(reply.headers['content-encoding']) ?? 'identity';
    if (encoding !== 'identity') {
      reply.body.destroy();
      throw new WebFailure(
        'failed',
        `${url.host} answers in ${encoding.slice(0, 20)}, which was not asked for`,
        'ask another source',
      );
    }
    const { bytes, cut } = await readUpTo(reply.body, webLimits.bytes);
    return {
      status: reply.statusCode,
      location: one(reply.headers.location),
      type: type.toLowerCase(),
      text: decoded(bytes, parameters),
      cut,
    };
  } catch (error) {
    signal.throwIfAborted();
    throw failureOf(error, url, limit.aborted);
  }
}

async function readUpTo(body: AsyncIterable<Uint8Array> & { destroy(): unknown }, most: number) {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk.subarray(0, most - size));
    size += chunk.length;
    if (size > most) break;
  }
  body.destroy();
  return { bytes: Buffer.concat(chunks), cut: size > most };
}

/** Bytes as text, in the character set that the server names; UTF-8 when it names none or an unknown one. */
function decoded(bytes: Buffer, parameters: readonly string[]): string {
  const charset = parameters
    .find((part) => /^charset=/i.test(part))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  try {
    return new TextDecoder(charset ?? 'utf-8').decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

/** The failure inside whatever the client threw. */
function failureOf(error: unknown, url: URL, late: boolean): WebFailure {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof WebFailure) return cause;
  const why = late ? `no answer within ${webLimits.ms / 1000} s` : codeOf(error);
  return new WebFailure(
    'offline',
    `${url.host} cannot be reached: ${why}`,
    'check the network, or try again later',
    error,
  );
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
