// What a scenario left in a folder in which a company is to work: cleared as the next run of a scenario would.

import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, relative } from 'node:path';
import { CompanyRunning } from '../bus/jetstream/errors.ts';
import type { Org } from '../org/org.ts';
import { openGit } from '../tools/git.ts';
import { withLock } from '../tools/lock.ts';
import type { CliContext } from './context.ts';
import { plural } from './format.ts';
import { builtIn, makeRoom } from './old-products.ts';
import { clean } from './output.ts';
import type { Places } from './places.ts';

/** Held by whoever plays a scenario of a company here, on whichever bus. */
const lockOf = ({ work }: Places): string => join(work, 'run.lock');

/** How long a run that was just killed may count as there, ms. */
const HELD_MS = 200;

/** One at a time plays scenarios of a company in a folder, or clears what they left. Throws CompanyRunning. */
export function playAlone<T>(company: string, places: Places, work: () => Promise<T>): Promise<T> {
  const held = (pid = process.pid) => new CompanyRunning(company, { pid, host: hostname() });
  return withLock(lockOf(places), work, { patienceMs: HELD_MS, held });
}

type Played = {
  readonly org: Org;
  readonly company: string;
  readonly places: Places;
  /** On the stream that is going to be removed. */
  readonly messages: number;
};

/** Clears the products that scenarios have made here, and says so in one line. Throws CompanyRunning while one is played. */
export function clearPlayed(
  { org, company, places, messages }: Played,
  { cwd, env }: CliContext,
  say: (line: string) => void,
): Promise<void> {
  return playAlone(company, places, async () => {
    const git = openGit({ home: join(places.work, 'home'), env: { ...env } });
    const own = org.products.filter(({ repo }) => repo === undefined).map(({ slug }) => slug);
    const cleared = new Set([...builtIn(places), ...own]);
    const gone = [plural(messages, 'message')];
    const moved: string[] = [];
    const shown = (dir: string) => clean(relative(cwd, dir));
    for (const slug of cleared) {
      const dir = join(places.products, slug);
      if (!existsSync(dir)) continue;
      const kept = await makeRoom(git, places, slug);
      if (kept === undefined) gone.push(shown(dir));
      else moved.push(`; ${shown(dir)} was changed by hand and is now ${shown(kept)}`);
    }
    say(`cleared    what a scenario left here: ${gone.join(', ')}${moved.join('')}`);
  });
}
