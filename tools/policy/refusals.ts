// What the guards of the tools refuse (secrets, paths, addresses), told before the refusal goes on as an error, so that it is on
// the stream like a refusal of the gate, whoever called the tool and whatever becomes of the work.

import { HeadcountError } from '../../bus/errors.ts';
import type { PolicyCall, Refusal } from '../../bus/policy.ts';
import type { Coders } from '../engines/coder.ts';
import type { Forge, Products, Tools } from '../tools.ts';
import type { Web } from '../web/web.ts';

/** By their code: a guard may have had to scrub the error. */
const rules: Readonly<Record<string, Refusal['rule']>> = {
  SECRET_REFUSED: 'secret',
  PATH_REFUSED: 'path',
  WEB_REFUSED: 'address',
};

/** The rule by which a tool was refused, and why; undefined for an error that is no refusal. */
export function ruleIn(error: unknown): Pick<Refusal, 'rule' | 'reason'> | undefined {
  const rule = error instanceof HeadcountError ? rules[error.code] : undefined;
  return rule === undefined || !(error instanceof HeadcountError) ? undefined : { rule, reason: error.message };
}

type Tell = (refusal: Refusal) => Promise<void>;

/**
 * The same tools; what their guards refuse is told first, once for each refusal.
 * @param tell records it; what it throws goes in front of the refusal
 */
export function tellingTools(tools: Tools, tell: Tell): Tools {
  const { products, forge, web, coders } = tools;
  return {
    ...tools,
    products: tellingProducts(products, tell),
    forge: tellingForge(forge, tell),
    web: tellingWeb(web, tell),
    ...(coders ? { coders: tellingCoders(coders, tell) } : {}),
  };
}

async function told<T>(tell: Tell, call: PolicyCall, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const found = ruleIn(error);
    if (found !== undefined) await tell({ ...call, ...found });
    throw error;
  }
}

function tellingProducts(products: Products, tell: Tell): Products {
  // The name of a branch is not repeated: it may be what is refused.
  const on = <T>(tool: string, summary: string, run: () => Promise<T>) => told(tell, { tool, summary }, run);
  return {
    ...products,
    openClone: (slug, task, ...more) =>
      on('open_clone', `a clone of ${slug} for ${task}`, () => products.openClone(slug, task, ...more)),
    apply: (clone, files, ...more) =>
      on('write_file', `${files.length} files of a draft`, () => products.apply(clone, files, ...more)),
    validate: (...given) => on('validate', 'the syntax of what was written', () => products.validate(...given)),
    changes: (clone) => on('write_file', 'what was left in the clone', () => products.changes(clone)),
    commit: (clone, info) => on('commit', 'what is in the clone', () => products.commit(clone, info)),
    keep: (clone) => on('commit', 'what is kept for somebody else', () => products.keep(clone)),
  };
}

function tellingForge(forge: Forge, tell: Tell): Forge {
  const on = <T>(tool: string, summary: string, run: () => Promise<T>) => told(tell, { tool, summary }, run);
  return {
    ...forge,
    open: (request) => on('open_pull', `a pull request for ${request.task}`, () => forge.open(request)),
    review: (pull, review) => on('review', `pull ${pull.number}`, () => forge.review(pull, review)),
    merge: (pull, info) => on('merge', `pull ${pull.number}`, () => forge.merge(pull, info)),
  };
}

function tellingWeb(web: Web, tell: Tell): Web {
  return {
    search: (query, signal) =>
      told(tell, { tool: 'web_search', summary: 'a web search' }, () => web.search(query, signal)),
    read: (url, signal) =>
      told(tell, { tool: 'web_read', summary: 'a page of the web', destination: url }, () => web.read(url, signal)),
  };
}

function tellingCoders(coders: Coders, tell: Tell): Coders {
  return {
    run: (job) => told(tell, { tool: 'coding_cli', summary: `the prompt of ${job.name}` }, () => coders.run(job)),
  };
}
