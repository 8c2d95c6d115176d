// Reads documents in a thread with limits of its own. One thread reads many; one that takes too long or too much is ended,
// and the next document gets another.

import { Worker } from 'node:worker_threads';
import { DocumentRefused, type Limits, type Piece, usualLimits } from './document.ts';
import type { ThreadReply, ThreadRequest } from './thread.ts';

/** A thread runs compiled code; tests run this file as TypeScript and take what the build has made of the other. */
const THREAD = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/reading-thread.js', import.meta.url)
  : new URL('./reading-thread.js', import.meta.url);

export class Reader {
  readonly limits: Limits;
  #thread: Worker | undefined;

  constructor(limits: Partial<Limits> = {}) {
    this.limits = { ...usualLimits, ...limits };
  }

  /**
   * The pieces of a document, one document at a time. `bytes` are given away.
   * @param name of the file: its ending says what text is written in
   * Throws DocumentRefused.
   */
  async read(name: string, bytes: Uint8Array): Promise<readonly Piece[]> {
    const { limits } = this;
    if (bytes.length > limits.bytes) {
      throw new DocumentRefused('huge', `${bytes.length} bytes; at most ${limits.bytes} are read`);
    }
    this.#thread ??= this.#start();
    const reply = await this.#ask(this.#thread, { name, bytes });
    if (!reply.ok) throw new DocumentRefused(reply.refusal, reply.reason);
    return reply.pieces;
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
    this.#thread = undefined;
  }

  #start(): Worker {
    const { memoryMb } = this.limits;
    const thread = new Worker(THREAD, {
      workerData: this.limits,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
      // Parsers warn on the console, for whom nobody asked.
      stdout: true,
      stderr: true,
      env: {},
    });
    thread.unref();
    return thread;
  }

  #ask(thread: Worker, request: ThreadRequest): Promise<ThreadReply> {
    const late = AbortSignal.timeout(this.limits.ms);
    return new Promise<ThreadReply>((resolve, reject) => {
      const lost = (refusal: 'slow' | 'broken', reason: string) => {
        if (this.#thread === thread) this.#thread = undefined;
        void thread.terminate();
        done();
        reject(new DocumentRefused(refusal, reason));
      };
      const onLate = () => lost('slow', `reading it took more than ${this.limits.ms} ms`);
      const onError = (error: Error) => lost('broken', `reading it ended the reader: ${error.message}`);
      const onExit = () => lost('broken', 'reading it ended the reader');
      const onMessage = (reply: ThreadReply) => {
        done();
        resolve(reply);
      };
      const done = () => {
        thread.off('message', onMessage).off('error', onError).off('exit', onExit);
        late.removeEventListener('abort', onLate);
        thread.unref();
      };
      thread.ref();
      thread.once('message', onMessage).once('error', onError).once('exit', onExit);
      late.addEventListener('abort', onLate, { once: true });
      thread.postMessage(request);
    });
  }
}
