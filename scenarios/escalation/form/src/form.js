const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escape(text) {
  return text.replace(/[&<>"]/g, (character) => ESCAPES[character]);
}

/**
 * The form to sign up with.
 * @param typed what the person has typed so far, kept so that nobody types it twice
 * @param missing names of fields that still need an answer
 */
export function signUpForm(typed = {}, missing = []) {
  const field = (name, label, type) => {
    const hint = missing.includes(name) ? ' <em>please fill in</em>' : '';
    return `<label>${label}${hint} <input name="${name}" type="${type}" value="${escape(typed[name] ?? '')}" required></label>`;
  };
  return `<form method="post">\n${field('name', 'Name', 'text')}\n${field('email', 'E-mail', 'email')}\n<button>Sign up</button>\n</form>\n`;
}
