import type { Command } from 'commander';
import { retired } from '../../brain/memory/lessons.ts';
import type { Bus } from '../../bus/bus.ts';
import { HeadcountError, StaleWrite } from '../../bus/errors.ts';
import type { Lesson } from '../../bus/learned.ts';
import { subjects } from '../../bus/subjects.ts';
import { nearest } from '../../org/problems.ts';
import { pad } from '../../org/width.ts';
import { readHistory, withCompany, withCompanyToChange } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { duration } from '../format.ts';
import { clean, type Paint, table, wrapped } from '../output.ts';
import { nowIn } from '../views/history.ts';
import { type CompanyOptions, print, readsCompany } from './shared.ts';

type RetireOptions = CompanyOptions & { readonly reason?: string; readonly by: string };

export function register(program: Command, context: CliContext): void {
  const lessons = program
    .command('lessons')
    .description('What was learned from failures that were got over. Without a word after it: the list.');
  readsCompany(lessons.command('list', { isDefault: true }))
    .description('What failed, what worked, who answers for it, until when it holds, and why it ended.')
    .action((options: CompanyOptions) =>
      withCompany(options, context, async ({ bus, live }) => {
        const [known, history] = [await lessonsOn(bus), await readHistory(bus)];
        const now = nowIn(history, context.now(), live);
        print(
          context,
          known.map(({ is }) => ({ ...is, state: stateOf(is, now) })),
          (paint) => listed(known, now, paint, context.columns),
        );
      }),
    );
  readsCompany(lessons.command('retire <lesson>'))
    .description('End a lesson: no brief has it from now on.')
    .option('--reason <text>', 'why it does not hold')
    .option('--by <name>', 'who does it', 'operator')
    .action((id: string, options: RetireOptions) =>
      withCompanyToChange(options, context, async ({ bus }) => {
        const { lesson, done } = await retireLesson(bus, id, options);
        print(context, { ...lesson, done }, (paint) => [
          `${done ? paint('retired', 'good') : 'was retired before:'} ${lesson.id}: ${clean(lesson.reason ?? '')}`,
        ]);
      }),
    );
}

type Kept = { readonly is: Lesson; readonly seq: number };

/** Every lesson of a company as it is now, in the order in which they were first learned. */
async function lessonsOn(bus: Bus): Promise<readonly Kept[]> {
  const found = new Map<string, Kept>();
  for await (const { message, seq } of bus.replay({ filter: subjects.lesson('*'), foreign: () => {} })) {
    if (message.type !== 'lesson.learned' && message.type !== 'lesson.retired') continue;
    found.set(message.data.id, { is: message.data, seq });
  }
  return [...found.values()];
}

type State = 'holds' | 'expired' | 'retired';

function stateOf({ status, expiresAt }: Lesson, now: number): State {
  if (status === 'retired') return 'retired';
  return expiresAt <= now ? 'expired' : 'holds';
}

function listed(lessons: readonly Kept[], now: number, paint: Paint, width: number): readonly string[] {
  if (lessons.length === 0) return ['nothing was learned yet'];
  const rows = lessons.map(({ is }) => {
    const state = stateOf(is, now);
    const until = state === 'holds' ? `in ${duration(is.expiresAt - now)}` : '-';
    const tone = state === 'holds' ? 'good' : 'dim';
    return [is.id, { text: state, tone } as const, until, clean(is.owner)];
  });
  const lines = table(['LESSON', 'state', 'ends', 'owner'], rows, { width, paint }).flatMap((line, index) => [
    line,
    ...said(lessons[index - 1]?.is, width),
  ]);
  const first = lessons.find(({ is }) => stateOf(is, now) === 'holds');
  const retire = first === undefined ? [] : [paint(`headcount lessons retire ${first.is.id}`, 'command')];
  return [...lines, ...retire];
}

/** What a lesson says, whole. */
function said(lesson: Lesson | undefined, width: number): string[] {
  if (lesson === undefined) return [];
  const { failed, worked, status, reason } = lesson;
  const parts = [
    ['failed', failed],
    ['worked', worked],
    ...(status === 'retired' ? [['ended', reason ?? 'no reason given']] : []),
  ];
  return parts.flatMap(([name = '', text = '']) =>
    wrapped(clean(text), width - 10).map((line, index) => `  ${pad(index === 0 ? name : '', 8)}${line}`),
  );
}

/** Somebody changed the lesson at this moment. Exit code 1. */
class LessonMoved extends HeadcountError {
  override readonly name = 'LessonMoved';
  constructor(id: string) {
    super('LESSON_MOVED', `${id} was changed by somebody else at this moment`, 'headcount lessons', { exit: 1 });
  }
}

/**
 * Ends a lesson for a person. Doing it twice changes nothing.
 * @param from who says so, and why
 * Throws UsageError for a lesson that does not exist, LessonMoved when it is learned anew at this moment.
 */
export async function retireLesson(
  bus: Bus,
  id: string,
  { by, reason }: { readonly by: string; readonly reason?: string | undefined },
): Promise<{ readonly lesson: Lesson; readonly done: boolean }> {
  const known = await lessonsOn(bus);
  const found = known.find(({ is }) => is.id.toLowerCase() === id.toLowerCase());
  if (!found) {
    const ids = known.map(({ is }) => is.id);
    const near = nearest(id, ids) ?? ids.at(-1);
    const next = near === undefined ? 'nothing was learned yet' : `did you mean ${near}? headcount lessons shows all`;
    throw new UsageError(`there is no lesson ${clean(id)}`, next);
  }
  if (found.is.status === 'retired') return { lesson: found.is, done: false };
  const said = `lesson.${found.is.id}.retired.${found.seq}`;
  const lesson = retired(found.is, `${by}: ${reason ?? 'it does not hold any more'}`, said);
  const draft = { id: said, type: 'lesson.retired', source: by, data: lesson } as const;
  try {
    await bus.publish<'lesson.retired'>(subjects.lesson(lesson.id), draft, { expectedLastSeq: found.seq });
  } catch (error) {
    if (error instanceof StaleWrite) throw new LessonMoved(lesson.id);
    throw error;
  }
  return { lesson, done: true };
}
