// Names that end up in argument lists, refs and folders: checked once, here, before anything is built from them.

import { HeadcountError } from '../bus/errors.ts';

/** A product, task or branch name, or a commit id, that may not be used. */
export class NameRefused extends HeadcountError {
  override readonly name = 'NameRefused';
  constructor(kind: string, value: string, rule: string) {
    super('NAME_REFUSED', `${JSON.stringify(value.slice(0, 80))} is no ${kind}: ${rule}`, `use ${rule}`, { exit: 3 });
  }
}

const SLUG = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const BRANCH = /^agent\/[A-Za-z0-9][A-Za-z0-9_-]{0,63}\/[a-z0-9][a-z0-9._-]{0,60}$/;
const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** Names that Windows keeps for devices, whatever their extension. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?$/i;

/** True for a name that no folder or file can have on Windows. */
export function isDeviceName(name: string): boolean {
  return DEVICE.test(name.trimEnd());
}

/** Returns the slug of a product or the id of a task. Throws NameRefused. */
export function checkSlug(value: string, kind = 'name'): string {
  if (!SLUG.test(value) || isDeviceName(value)) {
    throw new NameRefused(kind, value, 'letters, digits, - and _, at most 64, first a letter or digit');
  }
  return value;
}

/**
 * Returns the branch. Stricter than `git check-ref-format`, which lets `$(id)`, `@` and direction marks pass.
 * Throws NameRefused.
 */
export function checkBranch(value: string): string {
  if (!BRANCH.test(value) || value.includes('..') || value.endsWith('.') || value.endsWith('.lock')) {
    throw new NameRefused('branch', value, 'agent/<task>/<slug> in lower case letters, digits, ., - and _');
  }
  return value;
}

/** Returns the full commit id. Throws NameRefused. */
export function checkCommit(value: string): string {
  if (!COMMIT.test(value)) throw new NameRefused('commit', value, 'a full commit id, 40 or 64 hexadecimal digits');
  return value;
}

/** The branch of a task: `agent/T4/add-the-store`. Any title gives a valid one. Throws NameRefused for the task id. */
export function branchFor(task: string, title: string): string {
  const words = title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return checkBranch(`agent/${checkSlug(task, 'task')}/${words || 'work'}`);
}
