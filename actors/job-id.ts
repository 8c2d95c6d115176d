// The id of the job that a message becomes.

import { createHash } from 'node:crypto';

/** A message id as a subject token: what is no letter or digit becomes `-`, a long one ends in its digest. */
export function jobId(messageId: string): string {
  const token = messageId.replace(/[^A-Za-z0-9_-]/g, '-');
  if (token.length <= 60) return token;
  return `${token.slice(0, 50)}-${createHash('sha256').update(messageId).digest('hex').slice(0, 9)}`;
}
