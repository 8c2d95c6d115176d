// The reading thread: documents come in one after the other, pieces or a refusal go out.

import { parentPort, workerData } from 'node:worker_threads';
import { DocumentRefused, type Limits, type Piece, type Refusal } from './document.ts';
import { parse } from './parse.ts';

export type ThreadRequest = { readonly name: string; readonly bytes: Uint8Array };
export type ThreadReply =
  | { readonly ok: true; readonly pieces: readonly Piece[] }
  | { readonly ok: false; readonly refusal: Refusal; readonly reason: string };

async function reply({ name, bytes }: ThreadRequest): Promise<ThreadReply> {
  try {
    return { ok: true, pieces: await parse(name, bytes, workerData as Limits) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, refusal: error instanceof DocumentRefused ? error.refusal : 'broken', reason };
  }
}

parentPort?.on('message', (request: ThreadRequest) => {
  void reply(request).then((said) => parentPort?.postMessage(said));
});
