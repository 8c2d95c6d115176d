// Calls to a Chroma server within a limit, and its errors as ours.

import { ChromaConnectionError, ChromaNotFoundError, ChromaServerError, ChromaUnauthorizedError } from 'chromadb';
import { HeadcountError, reasonOf } from '../../../bus/errors.ts';
import { StoreTrouble } from '../store.ts';

/** One call, ms. A query over 10,000 passages takes tens. */
export const CALL_MS = 15_000;

/** Makes a call; one that takes longer than `limitMs` is given up. Throws StoreTrouble. */
export async function within<T>(url: string, what: Promise<T>, limitMs: number): Promise<T> {
  const late = AbortSignal.timeout(limitMs);
  let stop = () => {};
  const given = new Promise<never>((_, reject) => {
    stop = () => reject(slow(url, limitMs));
    late.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([what, given]);
  } catch (error) {
    throw error instanceof HeadcountError ? error : troubleOf(url, error);
  } finally {
    late.removeEventListener('abort', stop);
  }
}

function slow(url: string, limitMs: number): StoreTrouble {
  return new StoreTrouble('CHROMA_SLOW', `${url} has not answered for ${limitMs / 1000} s`, 'look at that server');
}

function troubleOf(url: string, cause: unknown): StoreTrouble {
  const trouble = (code: string, message: string, next: string) => new StoreTrouble(code, message, next, { cause });
  if (cause instanceof ChromaConnectionError || isNetwork(cause)) {
    // What the client says of it is for browsers.
    return new StoreTrouble(
      'CHROMA_UNREACHABLE',
      `no Chroma server answers at ${url}`,
      'start it, or unset CHROMA_URL',
    );
  }
  if (cause instanceof ChromaUnauthorizedError) {
    return trouble('CHROMA_REFUSES', `${url} wants credentials`, 'use a server without, on your own network');
  }
  if (cause instanceof ChromaNotFoundError) {
    return trouble('CHROMA_OTHER_VERSION', `${url} has not what a Chroma server 1.x has`, 'update that server');
  }
  // The client reads what came as if it were an answer of Chroma's.
  if (cause instanceof TypeError || cause instanceof SyntaxError) {
    const next = 'look at what runs there, or unset CHROMA_URL';
    return new StoreTrouble('CHROMA_OTHER', `${url} does not answer as a Chroma server does`, next);
  }
  if (/disk is full|no space left|readonly database|read-only/i.test(reasonOf(cause))) {
    return trouble(
      'KNOWLEDGE_NOT_WRITTEN',
      `${url} cannot write: ${reasonOf(cause)}`,
      'make room there, then ingest again',
    );
  }
  if (/expecting embedding with dimension/i.test(reasonOf(cause))) {
    const next = 'delete that collection there, or use another server or company name';
    return trouble(
      'CHROMA_OTHER_VECTORS',
      `${url} has a collection of this company with other vectors: ${reasonOf(cause)}`,
      next,
    );
  }
  const what = cause instanceof ChromaServerError ? 'failed' : 'refuses';
  return trouble('CHROMA_REFUSES', `${url} ${what}: ${reasonOf(cause)}`, 'look at the log of that server');
}

function isNetwork(error: unknown): boolean {
  return error instanceof TypeError && /fetch failed/.test(error.message);
}
