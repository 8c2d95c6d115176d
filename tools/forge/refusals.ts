// What a forge refuses, in the same words whichever forge it is.

import { HeadcountError } from '../../bus/errors.ts';

type ReviewReason = 'author' | 'role' | 'head' | 'closed';

const reviewNext: Record<ReviewReason, string> = {
  author: 'let another agent review it',
  role: 'let an agent of another role review it',
  head: 'review the head it has now',
  closed: 'nothing is left to review',
};

/** A verdict that does not count. */
export class ReviewRefused extends HeadcountError {
  override readonly name = 'ReviewRefused';
  readonly reason: ReviewReason;
  constructor(pull: number, reason: ReviewReason, why: string) {
    super('REVIEW_REFUSED', `pull ${pull} cannot be reviewed so: ${why}`, reviewNext[reason], { exit: 1 });
    this.reason = reason;
  }
}

type MergeReason = 'conflict' | 'unreviewed' | 'unchecked' | 'moved' | 'closed';

const mergeNext: Record<MergeReason, string> = {
  conflict: 'write the change anew on the default branch as it is now',
  unreviewed: 'get an approval of this head from another role',
  unchecked: 'run the checks of this head on the default branch as it is now, and make them pass',
  moved: 'read the pull request again and decide again',
  closed: 'open a new pull request',
};

/** A merge that may not happen. */
export class MergeRefused extends HeadcountError {
  override readonly name = 'MergeRefused';
  readonly reason: MergeReason;
  constructor(pull: number, reason: MergeReason, why: string) {
    super('MERGE_REFUSED', `pull ${pull} is not merged: ${why}`, mergeNext[reason], { exit: 1 });
    this.reason = reason;
  }
}

/** There is no pull request with this number. */
export class NoPull extends HeadcountError {
  override readonly name = 'NoPull';
  constructor(number: number) {
    super('NO_PULL', `there is no pull request ${number}`, 'look at forge.pull.* on the stream');
  }
}

/** A clone whose branch is not where its author said. */
export class HeadMoved extends HeadcountError {
  override readonly name = 'HeadMoved';
  constructor(branch: string, said: string, found: string) {
    super(
      'HEAD_MOVED',
      `${branch} is at ${found.slice(0, 7)}, not at ${said.slice(0, 7)}`,
      'open the pull request with the head that was committed last',
    );
  }
}
