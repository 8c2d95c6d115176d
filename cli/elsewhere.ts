// Which companies of a workspace are kept on a server of somebody else: what the workspace's own store does not hold of them is
// not lost.

import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { placesIn } from './places.ts';
import { readRunFile } from './run-file.ts';

const pathOf = (workspace: string, company: string): string => join(placesIn(workspace, company).work, 'elsewhere');

/**
 * Notes where a company is run now; its folder must be there.
 * @param server address of somebody else's server; undefined: it is in the workspace's own store
 */
export function noteElsewhere(workspace: string, company: string, server: string | undefined): void {
  const path = pathOf(workspace, company);
  if (server === undefined) rmSync(path, { force: true });
  else writeFileSync(path, `${server}\n`);
}

/** True when the company was run on a server of somebody else last. */
export function isElsewhere(workspace: string, company: string): boolean {
  return existsSync(pathOf(workspace, company));
}

/** True when the company that runs in the workspace runs at this address, out of the workspace's own store. */
export function servesOwnStore(workspace: string, url: string): boolean {
  const running = readRunFile(workspace);
  return running?.url === url && !isElsewhere(workspace, running.company);
}
