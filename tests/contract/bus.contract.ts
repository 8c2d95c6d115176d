// What a bus promises. Run by memory.test.ts and jetstream.test.ts; a promise that only one implementation keeps is no
// promise. Worlds run on a virtual clock: what waits a minute here takes no time, and nothing sleeps.

import { afterEach, beforeEach, describe } from 'vitest';
import { consuming } from './consuming.contract.ts';
import { keeping } from './keeping.contract.ts';
import { publishing } from './publishing.contract.ts';
import { reading } from './reading.contract.ts';
import { settling } from './settling.contract.ts';
import { Stage, type World } from './stage.ts';

export function busContract(name: string, open: () => Promise<World>): void {
  describe(name, () => {
    const stage = new Stage();
    beforeEach(async () => {
      stage.world = await open();
    });
    afterEach(async () => {
      await stage.world?.destroy();
      stage.world = undefined;
    });
    for (const part of [publishing, reading, consuming, settling, keeping]) part(stage);
  });
}
