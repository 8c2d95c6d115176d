// Where JSON goes wrong. JSON.parse decides whether it does, but says where only for some faults, and in other words with
// every version of the engine.

export type Fault = { readonly at: number; readonly message: string };

const TOKEN =
  /[ \t\r\n]*(?:(?<mark>[{}[\]:,])|(?<string>"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(?<value>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)))/uy;

type Token = { readonly kind: string; readonly at: number };

/** What may come next. */
type Want = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or }' | ', or ]' | 'the end';

function nextToken(text: string, from: number): Token | undefined {
  TOKEN.lastIndex = from;
  const groups = TOKEN.exec(text)?.groups;
  if (!groups) return undefined;
  const word = groups.mark ?? groups.string ?? groups.value ?? '';
  return { kind: groups.mark ?? (groups.string === undefined ? 'value' : 'string'), at: TOKEN.lastIndex - word.length };
}

/** The state after a token, or undefined when the token may not come here. `open` is the stack of brackets. */
function step(want: Want, kind: string, open: string[]): Want | undefined {
  const after = (): Want => {
    const inside = open.at(-1);
    if (inside === undefined) return 'the end';
    return inside === '{' ? ', or }' : ', or ]';
  };
  const close = () => {
    open.pop();
    return after();
  };
  if (want.startsWith('value')) {
    if (kind === '{' || kind === '[') {
      open.push(kind);
      return kind === '{' ? 'key or }' : 'value or ]';
    }
    if (kind === ']' && want === 'value or ]') return close();
    return kind === 'value' || kind === 'string' ? after() : undefined;
  }
  if (want.startsWith('key')) {
    if (kind === '}' && want === 'key or }') return close();
    return kind === 'string' ? ':' : undefined;
  }
  if (want === ':') return kind === ':' ? 'value' : undefined;
  if (want === ', or }' && kind === ',') return 'key';
  if (want === ', or ]' && kind === ',') return 'value';
  if ((want === ', or }' && kind === '}') || (want === ', or ]' && kind === ']')) return close();
  return undefined;
}

function firstFault(text: string): Fault {
  const open: string[] = [];
  let want: Want = 'value';
  let at = 0;
  for (;;) {
    const rest = /\S/.exec(text.slice(at));
    if (!rest) return { at: text.length, message: `expected ${want}, found the end` };
    const start = at + rest.index;
    const token = nextToken(text, at);
    const next: Want | undefined = token && step(want, token.kind, open);
    if (next === undefined) return { at: start, message: `expected ${want}, found ${JSON.stringify(text[start])}` };
    want = next;
    at = TOKEN.lastIndex;
  }
}

/** The first place where a text stops being JSON; undefined when it is JSON. */
export function findJsonFault(text: string): Fault | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    return firstFault(text);
  }
}
