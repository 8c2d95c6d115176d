import { describe, expect, test } from 'vitest';
import { chooseStore, type Place } from './choice.ts';
import { obstacle } from './chroma/binding.ts';

const fresh: Place = {
  setting: 'auto',
  chromaUrl: undefined,
  bundledHasData: false,
  embeddedHasData: false,
  obstacle: () => undefined,
};
const cannot = () => 'no binding';

describe('a workspace without knowledge', () => {
  test('gets the bundled server, or files when that does not start', () => {
    expect(chooseStore(fresh)).toMatchObject({ kind: 'chroma', url: undefined, orEmbedded: true });
  });

  test('gets files where the server cannot run, with the reason', () => {
    expect(chooseStore({ ...fresh, obstacle: cannot })).toMatchObject({
      kind: 'embedded',
      why: expect.stringContaining('no binding'),
    });
  });

  test('gets the server that CHROMA_URL names, and no other one instead', () => {
    const named = chooseStore({ ...fresh, chromaUrl: 'http://chroma:8000', obstacle: cannot });
    expect(named).toMatchObject({ kind: 'chroma', url: 'http://chroma:8000', orEmbedded: false });
    expect(chooseStore({ ...fresh, chromaUrl: '' })).toMatchObject({ url: undefined });
  });

  test('gets what org.yaml says, whatever else is there, and no other one instead', () => {
    const all = { ...fresh, chromaUrl: 'http://chroma:8000', bundledHasData: true, embeddedHasData: true };
    expect(chooseStore({ ...all, setting: 'embedded' })).toMatchObject({ kind: 'embedded' });
    expect(chooseStore({ ...fresh, setting: 'chroma', embeddedHasData: true, obstacle: cannot })).toMatchObject({
      kind: 'chroma',
      orEmbedded: false,
    });
  });
});

describe('a workspace with knowledge', () => {
  test('stays with its files, and says whether it could move', () => {
    const kept = { ...fresh, embeddedHasData: true };
    expect(chooseStore(kept)).toMatchObject({ kind: 'embedded', couldMove: true });
    expect(chooseStore({ ...kept, obstacle: cannot })).toMatchObject({
      couldMove: false,
      why: expect.stringMatching(/has knowledge in it; .*no binding/),
    });
  });

  test('stays with its server, also where that cannot run any more: files would hide what was read', () => {
    const kept = { ...fresh, bundledHasData: true, embeddedHasData: true, obstacle: cannot };
    expect(chooseStore(kept)).toMatchObject({ kind: 'chroma', orEmbedded: false });
  });
});

describe('what stands in the way of the bundled server', () => {
  const installed = (name: string) => {
    if (name === 'chromadb') return import.meta.filename;
    throw new Error(name);
  };

  test('is a platform that Chroma has no binding for', () => {
    expect(obstacle({ platform: 'win32-x64', resolve: installed })).toContain('win32-x64');
  });

  test('is a binding that was not installed', () => {
    // From this folder none can be seen: the name is of a platform that nobody installs for here.
    const platform = process.platform === 'darwin' ? 'linux-arm64' : 'darwin-arm64';
    expect(obstacle({ platform, resolve: installed })).toContain('is not installed');
  });

  test('is a chromadb package that was not installed', () => {
    const nothing = () => {
      throw new Error('Cannot find module');
    };
    expect(obstacle({ platform: 'linux-x64', resolve: nothing })).toContain('is not installed');
  });
});
