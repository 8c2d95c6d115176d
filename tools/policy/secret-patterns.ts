// What secrets of well-known providers look like, for those that nobody configured here.

export type Pattern = {
  readonly name: string;
  readonly regex: RegExp;
  /** Stands in everything that matches: a text without it is not searched further. */
  readonly mark?: string;
};

/** Values that examples use: a page that explains a URL with a password is no leak. */
const PLACEHOLDER = '(?:user|username|name|pass|passwd|password|secret|token|x+|\\*+|\\.\\.\\.|<[^>]*>|\\$\\{[^}]*\\})';

/** Each matches one secret; all are global, for scrubbing. */
export const patterns: readonly Pattern[] = [
  { name: 'Anthropic key', mark: 'sk-ant-', regex: /\bsk-ant-[\w-]{20,}/g },
  { name: 'OpenAI key', mark: 'sk-', regex: /\bsk-(?!ant-)(?:(?:proj|svcacct|admin)-[\w-]{20,}|[A-Za-z0-9]{32,})/g },
  { name: 'AWS key id', regex: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g },
  { name: 'AWS secret key', regex: /aws_?secret_?(?:access_?)?key["']?\s*[=:]\s*["']?[A-Za-z0-9/+]{40}\b/gi },
  { name: 'GitHub token', regex: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})/g },
  { name: 'GitLab token', mark: 'glpat-', regex: /\bglpat-[\w-]{20,}/g },
  { name: 'Slack token', mark: 'xox', regex: /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g },
  {
    name: 'Slack hook',
    mark: 'hooks.slack.com',
    regex: /\bhooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/_-]{20,}/g,
  },
  { name: 'Telegram bot token', regex: /\b\d{8,10}:[A-Za-z0-9_-]{35}(?![\w-])/g },
  { name: 'Stripe key', regex: /\b(?:[sr]k_(?:live|test)_|whsec_)[A-Za-z0-9]{16,}/g },
  { name: 'Google key', mark: 'AIza', regex: /\bAIza[\w-]{35}(?![\w-])/g },
  { name: 'npm token', mark: 'npm_', regex: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { name: 'Resend key', mark: 're_', regex: /\bre_[A-Za-z0-9]{8,}_[A-Za-z0-9]{16,}/g },
  {
    name: 'private key',
    mark: 'PRIVATE KEY',
    regex: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*-----|$)/g,
  },
  { name: 'JSON web token', mark: 'eyJ', regex: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/g },
  {
    name: 'URL with a password',
    mark: '://',
    regex: new RegExp(`\\b[a-z][a-z0-9+.-]{1,20}://[^\\s/:@"'<>]{1,64}:(?!${PLACEHOLDER}@)[^\\s/@"'<>]{3,256}@`, 'gi'),
  },
];
