// What lies in the folder of a bundled server.

import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

export const dataIn = (folder: string): string => join(folder, 'data');
/** Where the server is, for other processes. */
export const noteIn = (folder: string): string => join(folder, 'server.json');
export const logIn = (folder: string): string => join(folder, 'chroma.log');
/** What the server held when it was last asked, for whoever wants no server for the sake of a number. */
const heldIn = (folder: string) => join(folder, 'held.json');
/** There from the first start until the first document: a server that never held anything is no reason to keep using it. */
const emptyIn = (folder: string) => join(folder, 'empty');

/** True when something was put into the server of a folder. */
export function hasKnowledge(folder: string): boolean {
  return existsSync(dataIn(folder)) && !existsSync(emptyIn(folder));
}

/** Makes the folder, and says that nothing is in it where it is new. */
export async function makeFolder(folder: string): Promise<void> {
  if (existsSync(dataIn(folder))) return;
  await mkdir(folder, { recursive: true });
  await writeFile(emptyIn(folder), '');
  await mkdir(dataIn(folder));
}

/** Says that something is about to be put into the server of a folder. */
export async function keepsSomething(folder: string): Promise<void> {
  await rm(emptyIn(folder), { force: true });
}

const Held = z.object({ id: z.string(), version: z.number(), documents: z.number(), passages: z.number() });
export type Held = z.infer<typeof Held>;

/** What was last known of the server of a folder; undefined: nothing. */
export async function lastHeld(folder: string): Promise<Held | undefined> {
  try {
    return Held.parse(JSON.parse(await readFile(heldIn(folder), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Notes what the server holds. A copy: that it cannot be written is no trouble of the store. */
export async function noteHeld(folder: string, held: Held): Promise<void> {
  await writeFile(heldIn(folder), JSON.stringify(held)).catch(() => undefined);
}
