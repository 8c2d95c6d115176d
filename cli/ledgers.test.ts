// Which ledger a process writes: one that nobody else writes, whatever the others do in the same instant.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ledgersDir, openCompanyLedger } from './ledgers.ts';

let workspace: string;
let dir: string;

beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'headcount-ledgers-'));
  dir = ledgersDir(workspace, 'acme');
  mkdirSync(dir, { recursive: true });
});
afterEach(() => rmSync(workspace, { recursive: true, force: true }));

/** A process that has been. */
const gone = () => spawnSync(process.execPath, ['-e', '']).pid;

/** Opens this process's ledger; gives the files that are there while it has it, and then. */
async function opened(): Promise<{ during: readonly string[]; after: readonly string[] }> {
  const ledger = await openCompanyLedger({ workspace, company: 'acme', fresh: false, log: () => {} });
  const during = readdirSync(dir).toSorted();
  await ledger.close();
  return { during, after: readdirSync(dir).toSorted() };
}

test('the first process has the first ledger, and lets go of it', async () => {
  expect(await opened()).toEqual({ during: ['1.jsonl', '1.pid'], after: ['1.jsonl'] });
});

test('a ledger that another process has, or has just begun to take, is left to it', async () => {
  writeFileSync(join(dir, '1.pid'), `${process.ppid}\n`);
  // The file is there before the number in it.
  writeFileSync(join(dir, '2.pid'), '');
  expect((await opened()).during).toEqual(['1.pid', '2.pid', '3.jsonl', '3.pid']);
});

test('the ledger of a process that is gone has one heir', async () => {
  const left = gone();
  writeFileSync(join(dir, '1.pid'), `${left}\n`);
  writeFileSync(join(dir, `1.pid.${left}`), `${process.ppid}\n`);
  expect((await opened()).during).toEqual(['1.pid', `1.pid.${left}`, '2.jsonl', '2.pid']);
  rmSync(join(dir, `1.pid.${left}`));
  const ledger = await openCompanyLedger({ workspace, company: 'acme', fresh: false, log: () => {} });
  expect(readFileSync(join(dir, '1.pid'), 'utf8')).toBe(`${process.pid}\n`);
  expect(readdirSync(dir).toSorted()).toEqual(['1.jsonl', '1.pid', '2.jsonl']);
  await ledger.close();
});
