import type { Section } from '../../brain/brief.ts';
import type { Message } from '../../bus/messages.ts';
import { isOfType } from '../../bus/messages.ts';
import type { Pull } from '../../bus/records.ts';
import type { JobWork, StandingDuty } from '../duty.ts';
import { standingNow } from '../learned.ts';
import { giveTo } from '../release.ts';
import { short, using } from './failing.ts';
import { changeSection } from './source.ts';

type Request = Message<'review.requested'>['data'];

/** Bytes of the change that a light review is shown. */
const LIGHT_BYTES = 6_000;

/** True for the work of somebody whose standing asks for a light review. */
function isLight({ org, board, turn }: JobWork, author: string): boolean {
  return org.standing.effects[standingNow(board.learned, org.standing, author, turn)].review === 'light';
}

async function sectionsFor(work: JobWork, pull: Pull): Promise<readonly Section[]> {
  const task = work.board.task(pull.task);
  const { title, author, authorRole, checks } = pull;
  const light = isLight(work, author);
  const change = await changeSection(work.tools.products, pull.product, pull.base, pull.head);
  return [
    {
      name: 'How deep to look',
      text: light ? `${author} is a lead: look for risks only, and let style be.` : '',
    },
    {
      name: `Pull request ${pull.number}`,
      text: `${title}\nby ${author} (${authorRole})\nChecks: ${checks.at(-1)?.summary ?? 'none'}`,
    },
    {
      name: 'What was asked for',
      text: task ? [task.title, task.description, ...task.acceptance.map((one) => `- ${one}`)].join('\n') : '',
    },
    light ? { ...change, budget: LIGHT_BYTES } : change,
  ];
}

/** Thinks about the pull request and records the verdict with the forge, once for each head. */
async function judge(work: JobWork, pull: Pull): Promise<void> {
  const { agent, role, tools } = work;
  const sections = await using(() => sectionsFor(work, pull));
  const { verdict, notes } = await work.think('review', sections);
  await work.step('verdict', () =>
    using(async () => {
      // Thinking takes a while: what was closed or changed meanwhile needs no verdict.
      const now = await tools.forge.get(pull.number);
      if (now?.status !== 'open' || now.head !== pull.head) return { verdict: 'moot' };
      await tools.forge.review(pull, { by: agent, role: role.name, head: pull.head, verdict, notes });
      return { verdict };
    }),
  );
}

async function run(work: JobWork): Promise<void> {
  if (!isOfType(work.message, 'review.requested')) return;
  const { pull: number, head, task }: Request = work.message.data;
  const pull = await using(() => work.tools.forge.get(number));
  if (pull?.status !== 'open' || pull.head !== head) return;
  const said = pull.reviews.filter((one) => one.head === head);
  if (!said.some(({ by, role }) => by === work.agent || role === work.role.name)) await judge(work, pull);
  const to = { id: task, role: pull.authorRole, lineage: work.board.task(task)?.lineage ?? task };
  const tag = `reviewed.${short(head)}${said.length === 0 ? '' : `.${work.role.name}`}`;
  await giveTo(work.bus, to, tag, { source: work.agent, why: 'reviewed' });
}

/** Reviews pull requests of other roles; the requests come in the role's own mailbox. */
export const review: StandingDuty = {
  kind: 'standing',
  thinks: true,
  name: 'review',
  filters: [],
  types: ['review.requested'],
  wants({ board }, message) {
    if (!isOfType(message, 'review.requested')) return false;
    const pull = board.state.pulls.get(message.data.pull);
    return pull === undefined || (pull.status === 'open' && pull.head === message.data.head);
  },
  run,
};
