// What lies in the folder of a bundled server.

import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const dataIn = (folder: string): string => join(folder, 'data');
/** Where the server is, for other processes. */
export const noteIn = (folder: string): string => join(folder, 'server.json');
export const logIn = (folder: string): string => join(folder, 'chroma.log');
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
