import { describe, expect, it } from 'vitest';
import { ModelFailure } from './model.ts';
import { type Wire, WireFailure } from './wire.ts';

describe('a failure of a wire', () => {
  it('is the failure that the company records, and says whom it concerns', () => {
    const error = new WireFailure('anthropic', 'throttled', 'too many requests', {
      status: 429,
      retryAfterMs: 30_000,
      until: 1_000_000,
    });
    expect(error).toBeInstanceOf(ModelFailure);
    expect(error.failure).toEqual({ kind: 'quota', reason: 'anthropic: too many requests', until: 1_000_000 });
    expect([error.fault, error.scope, error.status, error.retryAfterMs]).toEqual([
      'throttled',
      'provider',
      429,
      30_000,
    ]);
  });

  it('reaches whoever asked', async () => {
    const deaf: Wire = {
      provider: 'deaf',
      ask: () => Promise.reject(new WireFailure('deaf', 'unreachable', 'no connection')),
    };
    const request = {
      model: 'm',
      system: '',
      prompt: '',
      rounds: [],
      tools: [],
      schema: undefined,
      maxTokens: 1,
      label: '',
    };
    await expect(deaf.ask(request, new AbortController().signal)).rejects.toMatchObject({ fault: 'unreachable' });
  });

  it('waits for nobody unless it is a matter of quota', () => {
    expect(new WireFailure('local', 'server', 'broke', { until: 5 }).failure).toEqual({
      kind: 'environment',
      reason: 'local: broke',
    });
  });
});
