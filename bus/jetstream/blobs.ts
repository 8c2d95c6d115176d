// Bytes too large for a message: an object store beside the stream, each object named by its digest.

import { createHash } from 'node:crypto';
import { DiscardPolicy, type ObjectStore, StorageType } from 'nats';
import { BusFailure } from '../errors.ts';
import type { Connection } from './connection.ts';
import { findNamed, streamOfBlobs } from './stream.ts';

export class Blobs {
  readonly #connection: Connection;
  readonly #name: string;
  readonly #replicas: number;
  #store: Promise<ObjectStore> | undefined;

  constructor(connection: Connection, name: string, replicas: number) {
    this.#connection = connection;
    this.#name = name;
    this.#replicas = replicas;
  }

  /** Returns the sha256 digest. Throws BusFailure. */
  async put(bytes: Uint8Array): Promise<string> {
    const digest = digestOf(bytes);
    await this.#connection.ask(`keep blob ${digest}`, async () => {
      const store = await this.#open();
      if (!(await store.info(digest))) await store.putBlob({ name: digest }, bytes);
    });
    return digest;
  }

  /** Throws BusFailure when it is not there or not what it was. */
  async get(digest: string): Promise<Uint8Array> {
    const bytes = await this.#connection.ask(`read blob ${digest}`, async () => (await this.#open()).getBlob(digest));
    if (!bytes) throw new BusFailure('NO_BLOB', `no blob ${digest} is kept`, 'check the digest, or run the step again');
    if (digestOf(bytes) !== digest)
      throw new BusFailure('BLOB_DAMAGED', `blob ${digest} is not what was kept`, "check the server's disk");
    return bytes;
  }

  async #open(): Promise<ObjectStore> {
    this.#store ??= this.#make();
    try {
      return await this.#store;
    } catch (error) {
      this.#store = undefined;
      throw error;
    }
  }

  /**
   * The client's own way to make the stream behind it sends a field that is none (`replicas`), and a server that
   * is strict (2.15.1 is) refuses what it does not know. One that is there is opened as it is.
   */
  async #make(): Promise<ObjectStore> {
    const { jsm, nc } = this.#connection;
    const name = this.#name;
    const stream = streamOfBlobs(name);
    if (!(await findNamed(jsm, stream))) {
      await jsm.streams.add({
        name: stream,
        subjects: [`$O.${name}.C.>`, `$O.${name}.M.>`],
        storage: StorageType.File,
        num_replicas: this.#replicas,
        discard: DiscardPolicy.New,
        allow_direct: true,
        allow_rollup_hdrs: true,
      });
    }
    return nc.jetstream().views.os(name);
  }
}

/**
 * Brings the blobs that a company has to as many copies as its stream. Throws BusFailure.
 * @param claimed nothing is changed before this resolves
 */
export function copyBlobs(
  connection: Connection,
  name: string,
  replicas: number,
  claimed: Promise<void>,
): Promise<void> {
  const { jsm } = connection;
  return connection.ask(`keep blobs in ${replicas} copies`, async () => {
    const found = await findNamed(jsm, streamOfBlobs(name));
    if (!found || found.config.num_replicas === replicas) return;
    await claimed;
    await jsm.streams.update(streamOfBlobs(name), { num_replicas: replicas });
  });
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
