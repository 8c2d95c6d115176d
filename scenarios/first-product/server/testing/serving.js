// Serves for the length of one test, on a port that is free.

import { createServer } from '../src/server.js';
import { openStore } from '../src/store.js';

/** Returns the address of a service with an empty store; `t` ends it. */
export async function serve(t) {
  const server = createServer(openStore());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}`;
}
