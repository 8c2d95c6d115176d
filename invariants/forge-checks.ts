// I6, I10, I11, I23, and I8 for pull requests: what is merged was checked, approved by somebody else, and merged once; only
// that goes live.

import type { MessageType } from '../bus/messages.ts';
import type { Pull } from '../bus/records.ts';
import type { Case, Check } from './judge.ts';
import type { Told } from './ledger.ts';

const pullTypes = ['pull.opened', 'pull.checked', 'pull.reviewed', 'pull.merged', 'pull.closed'] as const;

function isPull(type: MessageType): type is (typeof pullTypes)[number] {
  return (pullTypes as readonly MessageType[]).includes(type);
}

type Event = Case & {
  readonly type: (typeof pullTypes)[number];
  readonly pull: Pull;
  readonly before: Told<Pull> | undefined;
};

function onPull(look: (event: Event) => void): Check {
  return {
    types: pullTypes,
    look(given) {
      const { message } = given.stored;
      if (!isPull(message.type) || !('head' in message.data) || !('number' in message.data)) return;
      const pull = message.data;
      look({ ...given, type: message.type, pull, before: given.ledger.pulls.get(pull.number) });
    },
  };
}

function moved({ type, pull, before, ledger, judge }: Event): void {
  const { number } = pull;
  judge('I8', (before === undefined) === (type === 'pull.opened'), () =>
    before ? `pull ${number} is opened again` : `pull ${number} was never opened`,
  );
  const to = type === 'pull.merged' ? 'merged' : type === 'pull.closed' ? 'closed' : 'open';
  // A second merge is said by I6.
  const isOpen = before === undefined || before.is.status === 'open' || type === 'pull.merged';
  judge('I8', isOpen && pull.status === to, () => `pull ${number} went from ${before?.is.status} to ${pull.status}`);
  judge('I8', !before || isSame(before.is, pull), () => `pull ${number} is another one since ${type}`);
  judge('I19', before !== undefined || ledger.tasks.has(pull.task), () => {
    return `pull ${number} is for ${pull.task}, which does not exist`;
  });
}

/** A pull request is one head of one author; checks and reviews are only added. */
function isSame(before: Pull, now: Pull): boolean {
  return (
    before.head === now.head &&
    before.author === now.author &&
    before.authorRole === now.authorRole &&
    before.task === now.task &&
    now.checks.length >= before.checks.length &&
    now.reviews.length >= before.reviews.length
  );
}

function reviewed({ pull, before, judge }: Event): void {
  for (const { by, role, head } of pull.reviews.slice(before?.is.reviews.length ?? 0)) {
    judge('I10', by !== pull.author, () => `${by} reviews its own pull ${pull.number}`);
    judge('I10', role !== pull.authorRole, () => `${by} reviews pull ${pull.number} of its own role ${role}`);
    judge('I11', head === pull.head, () => `${by} reviews ${head}, not the head of pull ${pull.number}`);
  }
}

function approved({ type, pull, judge }: Event): void {
  if (type !== 'pull.merged') return;
  const check = pull.checks.findLast(({ head }) => head === pull.head);
  judge('I11', check?.ok === true, () => `pull ${pull.number} is merged although its head did not pass its checks`);
  const verdicts = pull.reviews.filter(
    ({ head, by, role }) => head === pull.head && by !== pull.author && role !== pull.authorRole,
  );
  judge('I11', verdicts.length > 0 && verdicts.every(({ verdict }) => verdict === 'approve'), () => {
    return `pull ${pull.number} is merged although ${verdicts.length === 0 ? 'nobody else approved it' : 'it was rejected'}`;
  });
}

/** Heads by their branch: whoever opens one again did not look whether it is there. */
function openedOnce(): Check {
  const opened = new Map<string, number>();
  return onPull(({ type, pull: { product, branch, head, number }, before, judge }) => {
    if (type !== 'pull.opened' || before) return;
    const key = `${product} ${branch} ${head}`;
    judge('I6', !opened.has(key), () => `pull ${number} is ${head} of ${branch}, as pull ${opened.get(key)} is`);
    opened.set(key, number);
  });
}

/** Merges by task and by commit. */
function mergedOnce(): readonly Check[] {
  const byTask = new Map<string, number>();
  const byCommit = new Map<string, number>();
  const merged = onPull(({ type, pull, before, judge }) => {
    if (type !== 'pull.merged') return;
    const { number, task, merged: commit = '' } = pull;
    const again = before?.is.status === 'merged';
    judge('I6', !again, () => `pull ${number} is merged again`);
    if (again) return;
    judge('I6', !byTask.has(task), () => `${task} is merged again: pull ${byTask.get(task)}, and now pull ${number}`);
    judge('I6', commit !== '' && !byCommit.has(commit), () => {
      return commit === ''
        ? `pull ${number} has no merge commit`
        : `pulls ${byCommit.get(commit)} and ${number} are ${commit}`;
    });
    byTask.set(task, number);
    byCommit.set(commit, number);
  });
  const named: Check = {
    types: ['task.completed'],
    look({ stored: { message }, ledger, judge }) {
      if (message.type !== 'task.completed' || message.data.task.merged === undefined) return;
      const { id, merged: commit, pull = 0 } = message.data.task;
      judge('I6', ledger.pulls.get(pull)?.is.merged === commit, () => {
        return `${id} names the merge ${commit} of pull ${pull}, which the forge does not know`;
      });
    },
  };
  return [merged, named];
}

/** Commits of the default branch, by product, as pull requests tell them: what was merged, and what they started from. */
function deployed(): readonly Check[] {
  const known = new Map<string, { readonly commits: Set<string>; merges: number }>();
  const of = (product: string) => {
    const branch = known.get(product) ?? { commits: new Set<string>(), merges: 0 };
    known.set(product, branch);
    return branch;
  };
  const heads = new Map<string, number>();
  const learn = onPull(({ type, pull }) => {
    const branch = of(pull.product);
    if (type === 'pull.opened') {
      branch.commits.add(pull.base);
      heads.set(pull.head, pull.number);
    }
    if (type !== 'pull.merged' || pull.merged === undefined) return;
    branch.commits.add(pull.merged);
    branch.merges += 1;
  });
  const live: Check = {
    types: ['brain.deployment'],
    look({ stored: { message }, judge }) {
      if (message.type !== 'brain.deployment' || message.data.status !== 'live') return;
      const { product, commit } = message.data;
      const branch = of(product);
      // What a product was before its first merge, the stream cannot know.
      const fine = branch.commits.has(commit) || (branch.merges === 0 && !heads.has(commit));
      judge('I23', fine, () => {
        const pull = heads.get(commit);
        return `${commit} of ${product} is live, ${pull === undefined ? 'and no pull request merged it' : `the head of pull ${pull}, not a merge`}`;
      });
    },
  };
  return [learn, live];
}

export function forgeChecks(): readonly Check[] {
  return [...[moved, reviewed, approved].map(onPull), openedOnce(), ...mergedOnce(), ...deployed()];
}
