// The model behind the secret check: no question with a secret in it is asked, and no answer with one is handed on, for answers
// are recorded. The failure is permanent: asking again would send the same words. Parts of an answer that somebody watches are
// scrubbed where they leave (saying.ts).

import { type Answer, type Model, ModelFailure, type Question } from '../brain/models/model.ts';
import type { Usage } from '../bus/records.ts';
import type { Found, Secrets } from '../tools/policy/secrets.ts';

/** A question that was not asked, or an answer that was not taken, for it holds a secret. */
export class WordsRefused extends ModelFailure {
  override readonly name = 'WordsRefused';
  constructor(reason: string, usage: Usage | undefined) {
    super({ kind: 'permanent', reason: `policy: ${reason}` }, usage);
  }
}

/** How many clean system prompts are remembered: more than an org chart has roles and purposes. */
const REMEMBERED = 256;

/** Looks for a secret in system prompts. They come again with every question of a role, so what is clean is looked at once. */
function systemCheck(secrets: Secrets): (system: string) => Found | undefined {
  const clean = new Set<string>();
  return (system) => {
    if (clean.has(system)) return undefined;
    const found = secrets.find(system);
    if (found) return found;
    if (clean.size === REMEMBERED) clean.clear();
    clean.add(system);
    return undefined;
  };
}

/** The same model. Throws WordsRefused for a question or an answer that holds a secret. */
export function guardedModel(model: Model, secrets: Secrets): Model {
  const inSystem = systemCheck(secrets);
  return {
    ...(model.converses ? { converses: true } : {}),
    quote: (question) => model.quote(question),
    async think(question, signal, heard) {
      refuse(`the question ${question.id}`, inSystem(question.system) ?? secrets.find(wordsOf(question)));
      const answer = await model.think(question, signal, heard).catch((error: unknown) => {
        throw cleaned(error, secrets);
      });
      refuse(`the answer to ${question.id}`, secrets.find(saidIn(answer)), answer.usage);
      return answer;
    },
  };
}

/** Everything that differs from question to question: the tools and the schema are ours. */
function wordsOf({ prompt, rounds }: Question): string {
  return rounds.length === 0 ? prompt : `${prompt}\n${JSON.stringify(rounds)}`;
}

function saidIn({ text, calls, said }: Answer): string {
  return calls.length === 0 ? text : `${text}\n${JSON.stringify(calls)}\n${JSON.stringify(said)}`;
}

function refuse(what: string, found: Found | undefined, usage?: Usage): void {
  if (found === undefined) return;
  throw new WordsRefused(`${what} holds ${found.what}, ${found.how}`, usage);
}

/** Providers repeat keys in their errors. */
function cleaned(error: unknown, secrets: Secrets): unknown {
  if (!(error instanceof ModelFailure) || secrets.find(error.failure.reason) === undefined) return error;
  return new ModelFailure({ ...error.failure, reason: secrets.scrub(error.failure.reason) }, error.usage);
}
