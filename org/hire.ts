// Hiring on disk: the company file gets its line, and the new role a prompt to start from. Either both, or nothing.

import { chmodSync, mkdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { addRole, type NewRole } from './edit.ts';
import { type LoadOptions, loadOrg, readOrg, titled } from './load.ts';
import type { Org } from './org.ts';
import { OrgInvalid } from './problems.ts';
import { draftPrompt } from './prompt.ts';

export type Hired = {
  readonly org: Org;
  /** The prompt file that was written, relative to the company file; undefined when there was one. */
  readonly prompt: string | undefined;
};

/**
 * Adds a role to the company file at `path`, and writes its prompt file when there is none.
 * @param shown what errors call the file
 * @throws RoleRefused, OrgUnreadable; OrgInvalid when the file is not valid, or would not be; nothing is written then
 */
export function hireInto(path: string, shown: string, role: NewRole, options: LoadOptions): Hired {
  const source = readOrg(path, shown);
  loadOrg(source, options);
  const text = addRole(source.text, role);
  const prompt = `prompts/${role.name}.md`;
  const isNew = source.readPrompt(prompt) === undefined;
  const draft = draftPrompt({ ...role, title: role.title ?? titled(role.name), boss: role.reportsTo });
  const readPrompt = (file: string) => (isNew && file === prompt ? draft : source.readPrompt(file));
  let org: Org;
  try {
    org = loadOrg({ text, file: shown, readPrompt }, options);
  } catch (error) {
    if (!(error instanceof OrgInvalid)) throw error;
    throw new OrgInvalid(error.problems, 'nothing was written; the lines are those the file would have');
  }
  const target = join(dirname(path), prompt);
  // A name in the way that is no readable file (a folder, a link to elsewhere) makes this throw, before anything changes.
  if (isNew) writeNew(target, draft);
  try {
    writeWhole(path, text);
  } catch (error) {
    if (isNew) rmSync(target, { force: true });
    throw error;
  }
  return { org, prompt: isNew ? prompt : undefined };
}

function writeNew(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { flag: 'wx' });
}

/** Readers see the old file or the new one, never half of it; a link stays a link. */
function writeWhole(path: string, text: string): void {
  const real = realpathSync(path);
  const staged = `${real}.new`;
  writeFileSync(staged, text, { flag: 'wx' });
  try {
    chmodSync(staged, statSync(real).mode);
    renameSync(staged, real);
  } catch (error) {
    rmSync(staged, { force: true });
    throw error;
  }
}
