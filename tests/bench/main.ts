// `npm run bench`: what Headcount reaches on this machine, each number beside a reference measured in the same run.
//
//   npm run bench              all of it (about three minutes)
//   npm run bench -- stream    only the sections named: stream, call, cli, rest, start, install, recovery,
//                              retrieval

import { measureCalls } from './call.ts';
import { cliStart, demoStart, installSize, restingCompany } from './process.ts';
import { measureRecovery } from './recovery.ts';
import { measureRetrieval } from './retrieval.ts';
import { measureStream } from './stream.ts';

export type Row = {
  readonly what: string;
  readonly value: string;
  readonly reference?: string;
  readonly goal?: string;
};

const sections: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  stream: measureStream,
  call: measureCalls,
  cli: cliStart,
  rest: restingCompany,
  start: demoStart,
  install: installSize,
  recovery: measureRecovery,
  retrieval: measureRetrieval,
};

const asked = process.argv.slice(2);
const names = asked.length > 0 ? asked : Object.keys(sections);
for (const name of names) {
  const measure = sections[name];
  if (!measure) {
    process.stderr.write(`error: no section ${name}\nnext:  one of ${Object.keys(sections).join(', ')}\n`);
    process.exit(2);
  }
  process.stdout.write(`\n${name}\n`);
  for (const { what, value, reference = '', goal = '' } of await measure()) {
    process.stdout.write(`  ${what.padEnd(46)} ${value.padStart(16)}   ${reference.padEnd(34)} ${goal}\n`);
  }
}
process.exit(0);
