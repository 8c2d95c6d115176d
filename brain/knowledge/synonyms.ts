// Words that people use for the same thing when they ask about software and companies. A question is looked up under its own
// words first; those of its neighbours here count less. General English of the trade, one group a line; a word may be in
// several. Not a substitute for embeddings that know meaning, and cheap.

import { stemOf, termsOf } from './words.ts';

/** What a neighbour of a word counts beside the word itself. Between 0.2 and 0.5 it makes little difference. */
const NEIGHBOUR = 0.35;

const groups = `
add create make new introduce hire
again twice repeat duplicate double doubled second
allow permit may can
approve reviewer review
behave act do
begin start launch boot startup open
bring restore return
bug defect fault found
call name named
change edit modify alter update
choose select pick decide
close stop end finish quit terminate halt
command flag option switch
compare difference differ
compute calculate measure
computer machine host laptop
confirm acknowledge guarantee
contact reach connect reachable
corrupt damage broken bad
cost money budget spend price paid pay
dead death die kill killed crash
delete remove drop forget erase discard
dependency package library
detect notice recognise see
directory folder
disappear vanish missing gone lose lost
duration length long time
error failure fault problem trouble wrong fail
example scenario
fast quick speed quickly
few several many multiple
find search look locate
fix decide mend repair
format json form
freeze hang pause silent
garbage nonsense invalid
human person people somebody someone operator
idle rest quiet
instant moment date time point
job task work
keep store save retain stored kept
large size big long
list show display print view
message event
need require necessary must
new newer other another
old older past former previous earlier before
parse read unreadable unparseable
password secret credential
prevent refuse forbid refused
quota limit
random chance randomness seed
reduce shorter smaller small
reply answer response
repo repository bundle
restart recover
sleep wait delay
suitable check doctor
test check verify validate examine
version release
yesterday past until
`;

const neighbours = new Map<string, Set<string>>();
for (const line of groups.trim().split('\n')) {
  const stems = line.split(' ').map(stemOf);
  for (const stem of stems) {
    const known = neighbours.get(stem) ?? new Set();
    for (const other of stems) if (other !== stem) known.add(other);
    neighbours.set(stem, known);
  }
}

/** The stems of a question with what each counts: its own 1, those of their neighbours less. Pure. */
export function expanded(question: string): ReadonlyMap<string, number> {
  const own = new Set(termsOf(question));
  const weights = new Map<string, number>();
  for (const term of own) weights.set(term, 1);
  for (const term of own) {
    for (const other of neighbours.get(term) ?? []) if (!own.has(other)) weights.set(other, NEIGHBOUR);
  }
  return weights;
}
