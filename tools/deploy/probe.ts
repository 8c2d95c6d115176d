// Asking a product on loopback whether it is well: one request a check, bounded, no redirect followed.

import type { HealthCheck } from '../../bus/records.ts';
import type { Probe } from '../tools.ts';

const LIMIT_MS = 3_000;
const BODY_BYTES = 64_000;

/** What came back, or why nothing did, in words without ports and times of this run. */
type Heard = { readonly status: number; readonly body: string } | { readonly silence: string };

async function readSome(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > BODY_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, BODY_BYTES).toString('utf8');
}

/** Sends one check. Never throws. */
export async function ask(origin: string, check: HealthCheck, signal?: AbortSignal): Promise<Heard> {
  const url = URL.canParse(check.path, origin) ? new URL(check.path, origin) : undefined;
  if (url?.origin !== origin) return { silence: 'its path leads to another host' };
  const limit = AbortSignal.timeout(LIMIT_MS);
  try {
    const response = await fetch(url, {
      method: check.method,
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      headers: { connection: 'close', ...(check.body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(check.body === undefined ? {} : { body: check.body }),
    });
    return { status: response.status, body: await readSome(response) };
  } catch {
    return { silence: limit.aborted ? `no answer within ${LIMIT_MS / 1000} s` : 'no connection' };
  }
}

/** Asks one check and judges the answer. */
export async function probeOne(origin: string, check: HealthCheck): Promise<Probe> {
  const heard = await ask(origin, check);
  const { name } = check;
  if ('silence' in heard) return { name, ok: false, detail: heard.silence };
  if (heard.status !== check.status)
    return { name, ok: false, detail: `status ${heard.status}, expected ${check.status}` };
  if (check.includes !== undefined && !heard.body.includes(check.includes)) {
    return { name, ok: false, detail: `the body lacks ${JSON.stringify(check.includes)}` };
  }
  return { name, ok: true, detail: `status ${heard.status}` };
}
