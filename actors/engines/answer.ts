import type { AnswerTo } from '../../brain/answers.ts';
import { WorkReport } from '../../bus/records.ts';
import type { PathRefused } from '../../tools/paths.ts';
import { digestSection } from '../documents.ts';
import { using } from '../duties/failing.ts';
import { productSections } from '../duties/source.ts';
import { type Engine, refusedFile, tellPath } from './engine.ts';
import { continuedSections } from './sections.ts';

/** One structured answer: the whole change at once. What it costs is known before, and nothing runs on the way. */
export const answerEngine: Engine = async (work, ground) => {
  const { task, tools } = work;
  const about = [task.title, task.description, ...task.acceptance].join('\n');
  const sections = await using(async () => [
    ...(await digestSection(work, ground.product.slug, ground.start)),
    ...(await productSections(tools.products, ground.product, ground.start, about)),
  ]);
  let refused: PathRefused | undefined;
  const refuse = (answer: AnswerTo<'write'>) => {
    refused = refusedFile(answer.files, ground);
    return refused?.message;
  };
  try {
    const { summary, files, report } = await work.think('write', [...continuedSections(task), ...sections], refuse);
    return { report: report ?? WorkReport.parse({ status: 'complete', summary: summary.slice(0, 2_000) }), files };
  } catch (error) {
    if (refused !== undefined) await tellPath(work, refused);
    throw error;
  }
};
