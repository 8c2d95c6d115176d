// Loaded into a process before anything else (NODE_OPTIONS=--import=...): what its machine may do to it. Each SIGUSR2 reads
// the file named by MACHINE_ORDERS:
//   {"wall": -3600000}     the wall clock is set, by so many ms from where it truly is
//   {"blocked": "<file>"}  the event loop hears nothing until that file is there

import { existsSync, readFileSync } from 'node:fs';

const TrueDate = Date;
let set = 0;

globalThis.Date = class extends TrueDate {
  constructor(...given) {
    if (given.length === 0) super(TrueDate.now() + set);
    else super(...given);
  }

  static now() {
    return TrueDate.now() + set;
  }
};

process.on('SIGUSR2', () => {
  const { wall, blocked } = JSON.parse(readFileSync(process.env.MACHINE_ORDERS, 'utf8'));
  if (wall !== undefined) set = wall;
  process.stderr.write(blocked === undefined ? `machine: the wall is set by ${wall} ms\n` : 'machine: blocked\n');
  const cell = new Int32Array(new SharedArrayBuffer(4));
  // As a computation would: no timer, no message and no signal is heard.
  while (blocked !== undefined && !existsSync(blocked)) Atomics.wait(cell, 0, 0, 50);
});
