// Knowledge: is what answers a question found, and how fast.

import type { Row } from './main.ts';
import { type Accuracy, measureAccuracy } from './retrieval/accuracy.ts';
import { measureSpeed } from './retrieval/speed.ts';

const two = (value: number) => value.toFixed(3);
const shown = ({ recall, mrr }: Accuracy) => `${two(recall)} / ${two(mrr)}`;

export async function measureRetrieval(): Promise<readonly Row[]> {
  const found = await measureAccuracy();
  const fast = await measureSpeed();
  const perMinute = (fast.megabytes / fast.cpuS) * 60;
  const of = `${found.questions} questions, ${found.passages} passages`;
  return [
    { what: 'words: recall@5 / MRR', value: shown(found.lexical), reference: of },
    { what: 'hashed vectors: recall@5 / MRR', value: shown(found.hashed), reference: of },
    { what: 'both (what is used): recall@5 / MRR', value: shown(found.hybrid), reference: of, goal: 'recall 0.85' },
    { what: 'ask quotes the right passage', value: two(found.quoted), reference: of },
    {
      what: 'ask refuses what nothing answers',
      value: two(found.refused),
      reference: `${found.unanswerable} questions`,
    },
    { what: 'MB of Markdown read a minute, one core', value: perMinute.toFixed(0), goal: '5' },
    {
      what: `question over ${fast.passages} passages, ms of processor`,
      value: fast.queryCpuMs.toFixed(1),
      reference: `median ${fast.medianMs.toFixed(1)} on the wall, p95 ${fast.slowestOf20Ms.toFixed(1)}; scan ${fast.scanMs.toFixed(0)}`,
      goal: '20 at 10 000',
    },
    { what: 'the first question, ms', value: fast.firstMs.toFixed(0), reference: 'reads the store, builds the index' },
    { what: 'memory of the process then, MB', value: fast.residentMb.toFixed(0) },
  ];
}
