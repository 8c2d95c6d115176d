import { citationOf, type Findings, outsideOf, quoted } from '../../brain/knowledge/passage.ts';
import type { DataOf } from '../../bus/messages.ts';
import { subjects } from '../../bus/subjects.ts';
import type { JobWork, StandingDuty } from '../duty.ts';
import { failed } from './failing.ts';

type Request = DataOf<'knowledge.requested'>;
type Reply = Pick<DataOf<'request.answered'>, 'known' | 'text' | 'sources' | 'taint'>;

/** Bytes of what was found that a brief shows; a whole document is cut there. */
const READING = 12_000;

const unknown = (text: string): Reply => ({ known: false, text, sources: [] });

async function run(work: JobWork): Promise<void> {
  if (work.message.type !== 'knowledge.requested') return;
  const request = work.message.data;
  // Whoever asked has gone on without an answer.
  if (work.turn.now() > request.deadline) return;
  if (request.replyTo !== subjects.answer(request.id)) {
    throw failed('permanent', `request ${request.id} wants its answer on "${request.replyTo}"`);
  }
  const found = await work.step('search', async () => {
    const findings = await findingsFor(work, request);
    return { ...findings, toldAt: await toldAt(work, findings.version) };
  });
  const reply = found.passages.length === 0 ? nothingFor(request, found) : await replyFrom(work, request, found);
  if (work.turn.now() > request.deadline) return;
  await work.publish<'request.answered'>(request.replyTo, {
    id: `answer.${request.id}`,
    type: 'request.answered',
    data: { id: request.id, by: work.agent, ...reply, ...tainting(work), ...versionOf(found) },
  });
}

/** Whoever reads the answer has read what it was made from. */
export function tainting({ taint }: JobWork): { taint?: string[] } {
  return taint.length === 0 ? {} : { taint: [...taint] };
}

type Found = Findings & { readonly toldAt?: number | undefined };

/** By which knowledge an answer was made: as the store counts, and as the stream tells it. */
function versionOf({ version, toldAt: seq }: Found): Pick<DataOf<'request.answered'>, 'knowledge' | 'toldAt'> {
  return { knowledge: version, ...(seq !== undefined && { toldAt: seq }) };
}

/** Which message told a version of the knowledge: up to there a replay has what could be read. */
async function toldAt({ bus }: JobWork, version: number): Promise<number | undefined> {
  let told: number | undefined;
  for await (const { message, seq } of bus.replay({ filter: subjects.knowledgeBase })) {
    if (message.type === 'knowledge.changed' && message.data.version <= version) told = seq;
  }
  return told;
}

function findingsFor({ knowledge }: JobWork, { question, document }: Request): Promise<Findings> {
  return document === undefined ? knowledge.search(question) : knowledge.read(document);
}

/** Nobody is paid to find out that there is nothing to read. */
function nothingFor({ document }: Request, { trouble }: Findings): Reply {
  const what = document === undefined ? 'nothing here says anything about it' : `there is no document ${document}`;
  return unknown(trouble === undefined ? what : `${what} (${trouble})`);
}

/** The model's answer, held to what it was shown: a source that was not read is none, and without any it is not known. */
async function replyFrom(work: JobWork, request: Request, { passages }: Findings): Promise<Reply> {
  const { known, answer: text, sources } = await work.think('answer', sectionsFor(request, passages));
  const read = new Set(passages.flatMap((passage) => [passage.source, citationOf(passage)]));
  const supported = sources.filter((source) => read.has(source));
  if (known && supported.length === 0) return unknown(`nothing that was read supports an answer: ${text}`);
  return { known, text, sources: known ? supported : [] };
}

function sectionsFor({ question, document }: Request, passages: Findings['passages']) {
  const taint = outsideOf(passages.map(({ source }) => source));
  const summary =
    'Say in at most ten sentences what is written above, above all about the question. Name it as the source.';
  const answering = 'Answer from what is written above and name its sources; if it does not say, known is false.';
  return [
    { name: 'Question', text: question },
    { name: 'What is written about it', text: quoted(passages), untrusted: true, taint, budget: READING },
    { name: 'How to answer', text: document === undefined ? answering : summary },
  ];
}

/** Answers questions of other agents from what the company was given to read, and summarises documents. */
export const answer: StandingDuty = {
  kind: 'standing',
  thinks: true,
  name: 'answer',
  filters: [subjects.knowledge],
  types: ['knowledge.requested'],
  wants: (_, message) => message.type === 'knowledge.requested',
  run,
};
