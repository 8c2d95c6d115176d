// The hands behind the secret check: everything that goes into a repository or to the forge is looked at first, and what comes
// back for people to read is scrubbed. Whoever is given these tools cannot send a secret, whatever a model wrote.

import { inspect } from 'node:util';
import { HeadcountError } from '../../bus/errors.ts';
import type { FileChange } from '../../bus/records.ts';
import type { Coders } from '../engines/coder.ts';
import type { Clone, Forge, MergeInfo, Products, Tools } from '../tools.ts';
import type { Web } from '../web/web.ts';
import { scrubbed } from './scrubbed.ts';
import { noiseIn, SecretRefused, type Secrets } from './secrets.ts';

/** The same tools; a text that holds a secret is refused with SecretRefused before anything is done with it. */
export function guardedTools(tools: Tools, secrets: Secrets): Tools {
  return {
    ...tools,
    products: guardedProducts(tools.products, secrets),
    forge: guardedForge(tools.forge, secrets),
    web: guardedWeb(tools.web, secrets),
    ...(tools.coders ? { coders: guardedCoders(tools.coders, secrets) } : {}),
  };
}

function guardedProducts(products: Products, secrets: Secrets): Products {
  const refuseFiles = (files: readonly FileChange[]) => {
    for (const file of files) {
      refuseName(secrets, 'the name of a file', file.path);
      if ('content' in file) secrets.refuse(JSON.stringify(file.path.slice(0, 120)), file.content);
    }
  };
  return {
    ...products,
    openClone: cleanly(secrets, async (slug, task, branch, on) => {
      refuseName(secrets, `the branch of ${task}`, branch);
      return products.openClone(slug, task, branch, on);
    }),
    apply: cleanly(secrets, async (clone, files, draftedOn) => {
      refuseFiles(files);
      return products.apply(clone, files, draftedOn);
    }),
    test: cleanly(secrets, async (clone, argv, signal) => {
      const run = await products.test(clone, argv, signal);
      return { ...run, summary: secrets.scrub(run.summary), tail: secrets.scrub(run.tail) };
    }),
    commit: cleanly(secrets, async (clone, info) => {
      secrets.refuse('the message of a commit', info.message, info.author);
      // Engines that write into the clone themselves pass here at the latest.
      return products.commit(clone, { ...info, look: refuseFiles });
    }),
    document: cleanly(secrets, async (slug, documents, info) => {
      const clean = documents.map((one) => ({ ...one, content: secrets.scrub(one.content) }));
      return products.document(slug, clean, { ...info, message: secrets.scrub(info.message) });
    }),
    changes: cleanly(secrets, async (clone: Clone) => {
      const changes = await products.changes(clone);
      refuseFiles(changes);
      return changes;
    }),
  };
}

function guardedForge(forge: Forge, secrets: Secrets): Forge {
  return {
    ...forge,
    open: cleanly(secrets, async (request) => {
      refuseName(secrets, `the branch of ${request.task}`, request.clone.branch);
      secrets.refuse(`the title of the pull request of ${request.task}`, request.title, request.author);
      return forge.open(request);
    }),
    check: cleanly(secrets, async (pull, argv, signal) => {
      const checked = await forge.check(pull, argv, signal);
      return { ...checked, checks: checked.checks.map((one) => ({ ...one, summary: secrets.scrub(one.summary) })) };
    }),
    review: cleanly(secrets, async (pull, review) => {
      secrets.refuse(`the review of pull ${pull.number}`, ...review.notes);
      return forge.review(pull, review);
    }),
    merge: cleanly(secrets, async (pull, info) => {
      secrets.refuse(`the merge of pull ${pull.number}`, info.message, info.author);
      // The words of models are in them, and no merge fails for what the harness writes about it.
      const documents: MergeInfo['documents'] = async (seen) =>
        ((await info.documents?.(seen)) ?? []).map((one) => ({ ...one, content: secrets.scrub(one.content) }));
      return forge.merge(pull, { ...info, documents });
    }),
  };
}

/** A question and an address go out as much as a page that is posted. */
function guardedWeb(web: Web, secrets: Secrets): Web {
  return {
    search: cleanly(secrets, async (query, signal) => {
      secrets.refuse('a web search', query);
      return scrubbed(await web.search(query, signal), secrets);
    }),
    read: cleanly(secrets, async (url, signal) => {
      secrets.refuse('the address of a page', url, decoded(url));
      return scrubbed(await web.read(url, signal), secrets);
    }),
  };
}

/** What a command line is told goes to its provider, as a question to a model does. */
function guardedCoders(coders: Coders, secrets: Secrets): Coders {
  return {
    run: cleanly(secrets, async (job) => {
      secrets.refuse(`the prompt of ${job.name}`, job.prompt);
      return coders.run(job);
    }),
  };
}

function decoded(url: string): string | undefined {
  try {
    return decodeURIComponent(url);
  } catch {
    return undefined;
  }
}

/** Refuses a name that holds a secret, or that holds what only looks like noise: nobody reads it, and it can carry anything. */
function refuseName(secrets: Secrets, sink: string, name: string): void {
  secrets.refuse(sink, name);
  const noise = noiseIn(name);
  if (noise !== undefined) {
    throw new SecretRefused(sink, { what: `${noise.length} characters of noise`, how: 'which may be a secret' });
  }
}

/** Errors of tools say what git or a forge said; that is scrubbed. */
function cleanly<A extends readonly unknown[], T>(secrets: Secrets, run: (...args: A) => Promise<T>) {
  return async (...args: A): Promise<T> => {
    try {
      return await run(...args);
    } catch (error) {
      throw error instanceof HeadcountError ? withoutSecrets(error, secrets) : error;
    }
  };
}

/** The very same error with its words scrubbed: others decide by what it is, and by its reason. */
function withoutSecrets<E extends HeadcountError>(error: E, secrets: Secrets): E {
  const { message, stack = '', cause } = error;
  // A cause is somebody else's, and who knows what is in it.
  if (cause !== undefined && secrets.find(inspect(cause)) !== undefined) delete error.cause;
  const words = { ...error, message, stack };
  return Object.assign(error, scrubbed(words, secrets));
}
