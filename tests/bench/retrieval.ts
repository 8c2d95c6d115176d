// Knowledge: is what answers a question found, and how fast.

import { openEmbeddedStore } from '../../brain/knowledge/embedded/store.ts';
import type { Row } from './main.ts';
import { type Accuracy, indexOfCorpus, measureAccuracy } from './retrieval/accuracy.ts';
import { type ChromaMeasured, measureChroma } from './retrieval/chroma.ts';
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
  const fast = await measureSpeed(async (folder) => {
    const store = openEmbeddedStore({ folder, newId: () => 'bench' });
    return { store, close: () => store.close() };
  });
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
    ...chromaRows(await measureChroma()),
  ];
}

function chromaRows(found: ChromaMeasured | undefined): readonly Row[] {
  if (found === undefined) return [];
  const { speed, serverMb, accuracy } = found;
  const { passages, wallS, megabytes } = speed;
  return [
    ...[...accuracy].map(([set, one]) => ({
      what: `Chroma: ${set}, both: recall@5 / MRR`,
      value: shown(one),
      goal: '0.85',
    })),
    { what: 'Chroma: MB of Markdown read a minute, wall', value: ((megabytes / wallS) * 60).toFixed(0), goal: '5' },
    {
      what: `Chroma: question over ${passages} passages, ms on the wall`,
      value: speed.medianMs.toFixed(1),
      reference: `p95 ${speed.slowestOf20Ms.toFixed(1)}; ${speed.queryCpuMs.toFixed(1)} of our processor`,
      goal: '20 at 10 000',
    },
    { what: 'Chroma: the first question, ms', value: speed.firstMs.toFixed(0), reference: 'reads all texts' },
    {
      what: `Chroma: memory of the server with ${passages} passages, MB`,
      value: serverMb.toFixed(0),
      reference: `our index ${speed.indexMb.toFixed(0)}, whole process ${speed.residentMb.toFixed(0)}`,
    },
  ];
}
