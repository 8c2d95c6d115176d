// A company that asks nothing for a while keeps no knowledge open: no server, no index in memory. The next question opens it.

import type { Library } from '../brain/knowledge/library.ts';

/** Closes the library when it was not asked for `idleMs`, ms. */
export function restingAfter(idleMs: number, library: Library): Library {
  let asking = 0;
  let timer: NodeJS.Timeout | undefined;
  const during = async <T>(ask: Promise<T>): Promise<T> => {
    asking += 1;
    clearTimeout(timer);
    try {
      return await ask;
    } finally {
      asking -= 1;
      if (asking === 0) timer = setTimeout(() => void library.close(), idleMs).unref();
    }
  };
  return {
    search: (question) => during(library.search(question)),
    read: (source) => during(library.read(source)),
    close: async () => {
      clearTimeout(timer);
      await library.close();
    },
  };
}
