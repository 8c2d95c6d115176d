// The envelope of every message: CloudEvents 1.0 in JSON. What is in it (`data`) is checked by its type (bus/messages.ts).

import { z } from 'zod';

const Envelope = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(256),
  type: z.string(),
  source: z.string(),
  time: z.string(),
  subject: z.string(),
  datacontenttype: z.literal('application/json'),
  data: z.unknown(),
  correlationid: z.string().optional(),
  causationid: z.string().optional(),
});

type Envelope = z.infer<typeof Envelope>;

const required = new Set(['id', 'type', 'source', 'time', 'subject']);
const optional = new Set(['correlationid', 'causationid']);

/** True for what `Envelope` gives back as it is: looked at by hand, for every message passes here. */
function isEnvelope(json: unknown): json is Envelope {
  if (typeof json !== 'object' || json === null) return false;
  let found = 0;
  for (const [key, value] of Object.entries(json)) {
    if (key === 'data') continue;
    if (required.has(key)) found += 1;
    else if (key === 'specversion' && value === '1.0') found += 1;
    else if (key === 'datacontenttype' && value === 'application/json') found += 1;
    else if (!optional.has(key)) return false;
    if (typeof value !== 'string') return false;
    if (key === 'id' && (value.length === 0 || value.length > 256)) return false;
  }
  return found === required.size + 2;
}

/** The envelope of a message from outside, or why it is none. */
export function envelopeOf(json: unknown): { ok: true; envelope: Envelope } | { ok: false; reason: string } {
  if (isEnvelope(json)) return { ok: true, envelope: json };
  const read = Envelope.safeParse(json);
  if (read.success) return { ok: true, envelope: read.data };
  return { ok: false, reason: `no CloudEvents envelope: ${firstIssue(read.error)}` };
}

/** What is wrong first, as `where: what`. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue ? `${issue.path.join('.') || 'value'}: ${issue.message}` : 'invalid';
}
