// The network below the SDKs: a fetch that sends the headers it was given and no others (the SDKs add what they find in the
// environment), never follows a redirect (it would carry the key to another host), and never reads more than an answer may
// have.

import { WireFailure } from './wire.ts';

/** Most bytes of a streamed body. A delta of five characters takes about 150 on the wire. */
const BODY_BYTES = 64 * 2 ** 20;

/** Most bytes of the body of an error; the rest is cut off. */
const ERROR_BYTES = 64 * 2 ** 10;

/** Most characters that a whole answer may have: text, thinking and arguments of calls together. */
export const ANSWER_CHARACTERS = 2 * 2 ** 20;

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** What an SDK may say about a request by itself. */
const harmless = ['accept', 'content-type', 'user-agent', 'anthropic-version'];

/**
 * A fetch for the requests to one provider. It throws WireFailure: address for a web page, oversize while a body is read
 * that has no end.
 * @param credentials the headers that carry the key; none where there is none
 */
export function guardedFetch(provider: string, credentials: Readonly<Record<string, string>>): Fetch {
  return async (input, init) => {
    const own = [...new Headers(init?.headers)].filter(([name]) => harmless.includes(name));
    const headers = { ...Object.fromEntries(own), ...credentials };
    const response = await fetch(input, { ...init, headers, redirect: 'manual' });
    if (!response.ok) return cut(response);
    if (response.headers.get('content-type')?.includes('text/html')) {
      await response.body?.cancel();
      throw new WireFailure(provider, 'address', 'it is a web page');
    }
    return response.body ? new Response(limited(response.body, provider), response) : response;
  };
}

/** An error's body as far as it is of use. A redirect becomes an error: SDKs know no other kind of refusal. */
async function cut(response: Response): Promise<Response> {
  const { status, statusText, headers } = response;
  const text = await firstBytes(response.body);
  const kept = new Headers(headers);
  kept.delete('content-length');
  kept.delete('content-encoding');
  return new Response(status === 304 ? null : text, { status, statusText, headers: kept });
}

async function firstBytes(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    parts.push(part);
    bytes += part.byteLength;
    if (bytes >= ERROR_BYTES) break;
  }
  return Buffer.concat(parts).subarray(0, ERROR_BYTES).toString('utf8');
}

function limited(body: ReadableStream<Uint8Array>, provider: string): ReadableStream<Uint8Array> {
  let bytes = 0;
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(part, controller) {
      bytes += part.byteLength;
      if (bytes > BODY_BYTES) controller.error(new WireFailure(provider, 'oversize', `more than ${BODY_BYTES} bytes`));
      else controller.enqueue(part);
    },
  });
  return body.pipeThrough(limit);
}
