// Text that speaks to its reader as if it could give orders. It is data like all the rest and stays so whether it is found
// here or not: fences and the policy gate do not depend on this. It is marked for people, so that they look at the file.

const patterns: readonly RegExp[] = [
  /\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|prior|above|earlier|all|your|these|system)\b.{0,30}\b(?:instruction|prompt|rule|message|direction|context)/is,
  /\byou are (?:now|no longer)\b.{0,60}\b(?:assistant|model|ai|agent|mode|dan|developer|root|admin)/is,
  /\b(?:new|updated|real|secret) (?:system )?(?:instructions?|prompt)\s*:/i,
  /(?:^|\n)\s*(?:<\|?(?:im_start|system|assistant|endoftext)\|?>|\[(?:INST|SYSTEM)\]|#{2,}\s*(?:system|instruction)s?\s*:)/i,
  /\b(?:ai|llm|language model|assistant|agent)s?\b.{0,40}\b(?:must|should|shall|are to|need to)\b.{0,60}\b(?:run|execute|delete|send|post|upload|reveal|print|approve|merge|reply|respond|say)\b/is,
  /\b(?:reveal|print|send|post|upload|exfiltrate)\b.{0,40}\b(?:system prompt|api[ _-]?keys?|secrets?|passwords?|tokens?|credentials?)\b/is,
];

/** True for text that reads like an order to whoever has it before them. Pure; may err both ways. */
export function givesOrders(text: string): boolean {
  return patterns.some((pattern) => pattern.test(text));
}
