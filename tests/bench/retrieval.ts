// Knowledge: is what answers a question found, and how fast.

import type { Row } from './main.ts';
import { type Accuracy, indexOfCorpus, measureAccuracy } from './retrieval/accuracy.ts';
import { type QuestionSet, sets } from './retrieval/questions.ts';
import { measureSpeed } from './retrieval/speed.ts';

const two = (value: number) => value.toFixed(3);
const shown = ({ recall, mrr }: Accuracy) => `${two(recall)} / ${two(mrr)}`;

async function accuracyRows(): Promise<readonly Row[]> {
  const index = await indexOfCorpus();
  return (Object.keys(sets) as QuestionSet[]).flatMap((set): Row[] => {
    const found = measureAccuracy(index, set);
    const of = `${found.questions} questions, ${found.passages} passages`;
    return [
      { what: `${set}, words: recall@5 / MRR`, value: shown(found.lexical), reference: of },
      { what: `${set}, hashed vectors: recall@5 / MRR`, value: shown(found.hashed), reference: of },
      { what: `${set}, both (what is used): recall@5 / MRR`, value: shown(found.hybrid), reference: of, goal: '0.85' },
      { what: `${set}, ask quotes the right passage`, value: two(found.quoted), reference: of },
      { what: `${set}, ask refuses`, value: two(found.refused), reference: `${found.unanswerable} without an answer` },
    ];
  });
}

export async function measureRetrieval(): Promise<readonly Row[]> {
  const fast = await measureSpeed();
  const perMinute = (fast.megabytes / fast.cpuS) * 60;
  return [
    ...(await accuracyRows()),
    { what: 'MB of Markdown read a minute, one core', value: perMinute.toFixed(0), goal: '5' },
    {
      what: `question over ${fast.passages} passages, ms of processor`,
      value: fast.queryCpuMs.toFixed(1),
      reference: `median ${fast.medianMs.toFixed(1)} on the wall, p95 ${fast.slowestOf20Ms.toFixed(1)}; scan ${fast.scanMs.toFixed(0)}`,
      goal: '20 at 10 000',
    },
    { what: 'the first question, ms', value: fast.firstMs.toFixed(0), reference: 'reads the store, builds the index' },
    {
      what: `memory of the index of ${fast.passages} passages, MB`,
      value: fast.indexMb.toFixed(0),
      reference: `whole process ${fast.residentMb.toFixed(0)}`,
      goal: '150',
    },
  ];
}
