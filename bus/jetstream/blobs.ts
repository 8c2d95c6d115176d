// Bytes too large for a message: an object store beside the stream, each object named by its digest.

import { createHash } from 'node:crypto';
import { type ObjectStore, StorageType } from 'nats';
import { BusFailure } from '../errors.ts';
import type { Connection } from './connection.ts';

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
    const options = { storage: StorageType.File, replicas: this.#replicas };
    this.#store ??= this.#connection.nc.jetstream().views.os(this.#name, options);
    try {
      return await this.#store;
    } catch (error) {
      this.#store = undefined;
      throw error;
    }
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
