// The arguments of a call as a model wrote them.

/**
 * An object when the text is the JSON of one (no text at all is a call without arguments), else the text as it came: the
 * tool that is called then says what is wrong, and nothing is made up.
 */
export function textOrJson(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : text;
  } catch {
    return text;
  }
}
