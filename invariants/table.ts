// What must hold of a company's stream, whatever happened to its processes. docs/invariants.md is generated from this table.

export type Invariant = {
  readonly id: InvariantId;
  readonly title: string;
  /** What would be broken for people if it did not hold. */
  readonly why: string;
  /** With each message, whenever nothing is in flight, or once all work has ended. */
  readonly checkedBy: 'message' | 'rest' | 'end';
};

const rows = [
  {
    id: 'I1',
    title: 'Every message is in its place',
    why: 'Sequences run 1, 2, 3 without a gap, and each message is on a subject that carries its type. A gap means that the store lost something.',
    checkedBy: 'message',
  },
  {
    id: 'I2',
    title: 'What changes a state is said once',
    why: 'Events of tasks, jobs and pull requests, ticks, answers, lessons and reports have ids that derive from what they are about. A second one with the same id would count a thing twice. Facts, assignments and tells may be repeated.',
    checkedBy: 'message',
  },
  {
    id: 'I3',
    title: 'Time does not go back',
    why: 'Processes have clocks of their own, so a message may be a little older than the one before it, within the allowed skew (five minutes of the wall, however fast the company runs); more than that would make deadlines and budgets of a day wrong.',
    checkedBy: 'message',
  },
  {
    id: 'I4',
    title: 'No task is lost',
    why: 'What was asked for becomes a task, and every task ends or can go on: a ready one is in a mailbox, a blocked one has an input that is still open, a waiting one is woken when what it waits for has happened.',
    checkedBy: 'rest',
  },
  {
    id: 'I5',
    title: 'No task is done twice',
    why: 'A task is completed once, and nothing happens to it after its end.',
    checkedBy: 'message',
  },
  {
    id: 'I6',
    title: 'One pull request per head, one merge per pull request and per task',
    why: 'A change is proposed once: a second pull request of the same head would be checked and reviewed again. The default branch gets the work of a task as one commit, and the task names the commit that the forge merged.',
    checkedBy: 'message',
  },
  {
    id: 'I7',
    title: 'Every open task has an owner or a reason, and a deadline',
    why: 'Whoever asks why a task does not move must get an answer from the task itself; a late one is in the hands of somebody, or says why not.',
    checkedBy: 'message',
  },
  {
    id: 'I8',
    title: 'Only legal transitions',
    why: 'A task, a job and a pull request change as the charts allow, and a back-off ends at its instant; what a task is about, and whose part it is, never changes.',
    checkedBy: 'message',
  },
  {
    id: 'I9',
    title: 'One owner',
    why: 'Whoever writes a task has seen the message before. A write that has not is a second owner that nobody refused.',
    checkedBy: 'message',
  },
  {
    id: 'I10',
    title: 'The author is never the reviewer',
    why: 'Neither the agent who wrote a change nor another one of its role may review it.',
    checkedBy: 'message',
  },
  {
    id: 'I11',
    title: 'Only what was checked and approved is merged',
    why: 'The head that is merged is the head that passed its checks and that somebody else approved.',
    checkedBy: 'message',
  },
  {
    id: 'I12',
    title: 'Done needs evidence that the worker cannot write',
    why: 'A task is done when the harness or another agent has found all evidence that this kind of work needs; the word of its author counts for nothing.',
    checkedBy: 'message',
  },
  {
    id: 'I13',
    title: 'Score, report and lesson come after the end',
    why: 'Nobody is praised, and nothing is reported as done, before it is. What is done is reported and remembered, once.',
    checkedBy: 'message',
  },
  {
    id: 'I14',
    title: 'A recorded step is never paid for again',
    why: 'A step is recorded once for each task, attempt and name; a second record means that a model was asked again, or the world touched twice.',
    checkedBy: 'message',
  },
  {
    id: 'I15',
    title: 'No model call without a causing message',
    why: 'Every paid step belongs to a task that was assigned, or to a job that an earlier message caused: a company at rest costs nothing.',
    checkedBy: 'message',
  },
  {
    id: 'I16',
    title: 'No wallet is overdrawn',
    why: 'What calls have cost, and the most that open ones may cost, stays within every cap that holds at that moment: of the company, each team, role, lineage and task. So no bill is larger than somebody allowed, however many agents spend at once and whatever crashes.',
    checkedBy: 'message',
  },
  {
    id: 'I17',
    title: 'A lineage stays within its attempts, depth and time',
    why: 'A task with all its parts, retries and reassignments draws on one budget (its money is I16); what has used it up starts nothing.',
    checkedBy: 'message',
  },
  {
    id: 'I18',
    title: 'Escalations end at somebody',
    why: 'A task that was given up on is with whoever staffs the company, or with a person, and is not forgotten there.',
    checkedBy: 'rest',
  },
  {
    id: 'I19',
    title: 'Work is given out for what exists',
    why: 'An assignment names a task, a review names a pull request and a part names its parent, all of which are on the stream already.',
    checkedBy: 'message',
  },
  {
    id: 'I20',
    title: 'A question is answered once, after it was asked',
    why: 'The first answer counts; a second one, or one to a question that nobody asked, would move a task twice.',
    checkedBy: 'message',
  },
  {
    id: 'I21',
    title: 'A slot of a schedule ticks once',
    why: 'Any number of processes may tick; each slot happens once, and slots come in order.',
    checkedBy: 'message',
  },
  {
    id: 'I22',
    title: 'A milestone is reached once',
    why: 'Nobody celebrates the same thing twice.',
    checkedBy: 'message',
  },
  {
    id: 'I23',
    title: 'Only what was merged is deployed',
    why: 'What goes live is a commit of the default branch that the forge knows, never the head of an open pull request.',
    checkedBy: 'message',
  },
  {
    id: 'I24',
    title: 'Incarnations of a process increase',
    why: 'Whoever takes the name of a process writes the next number of it, and the lower ones are fenced. The same number twice would be two processes that both think the name is theirs.',
    checkedBy: 'message',
  },
  {
    id: 'I25',
    title: 'The fold equals the live state',
    why: 'A process that folded the stream once more would know exactly what the running one knows; otherwise what it decides depends on when it started.',
    checkedBy: 'rest',
  },
  {
    id: 'I26',
    title: 'A call is reserved once, before, and settled once, after',
    why: 'A call that was not reserved may be one call too many; one that is settled twice makes room for money that is not there. None costs more than was set aside for it.',
    checkedBy: 'message',
  },
  {
    id: 'I27',
    title: 'Money in tasks is money in the ledger',
    why: 'What a task or a job says it has cost is what the ledger has charged it, and never becomes less; only what a crash cut off is in the ledger alone. Two accounts that differ cannot both be shown to anybody.',
    checkedBy: 'message',
  },
  {
    id: 'I28',
    title: 'Who has read text from outside does nothing privileged without a person',
    why: 'What a stranger wrote may speak through whoever has read it. Their work is merged and deployed when a person has allowed this very commit, and not before.',
    checkedBy: 'message',
  },
  {
    id: 'I29',
    title: 'A standing follows from scores that are on the stream',
    why: 'Whoever rises or falls does so from where it stood, by one step, over the threshold of org.yaml, and every task that is counted is its own, is done, and is named. A move that its scores do not explain would be a favour or a grudge.',
    checkedBy: 'message',
  },
  {
    id: 'I30',
    title: 'A score is the sum of its ledger',
    why: 'Each signal is there once, with its points and the messages that show it, or is said to be missing; the shares come to one and the points to the score. A number that cannot be taken apart cannot be argued with.',
    checkedBy: 'message',
  },
  {
    id: 'I31',
    title: 'A task is rewarded once, with its score',
    why: 'What an agent remembers of its work grows by one finished task at a time, with the score that the task has, and nobody else is rewarded for it. A task that counts twice moves a standing twice.',
    checkedBy: 'message',
  },
] as const;

export type InvariantId = (typeof rows)[number]['id'];

/** Every invariant, in the order of the document. */
export const invariants: readonly Invariant[] = rows;
