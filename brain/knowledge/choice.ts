// Which store a workspace uses. Decided once, from what is there, and said by `headcount doctor`.

export type Choice =
  | { readonly kind: 'embedded'; readonly why: string }
  | {
      readonly kind: 'chroma';
      readonly why: string /** Undefined: the bundled server. */;
      readonly url: string | undefined;
    };

export type Place = {
  readonly setting: 'auto' | 'embedded' | 'chroma';
  /** CHROMA_URL; empty counts as unset. */
  readonly chromaUrl: string | undefined;
  /** True when knowledge was put into the bundled server of this workspace. */
  readonly bundledHasData: boolean;
};

/**
 * The embedded store unless there is a reason for Chroma: the bundled server takes 80 MB for as long as it runs, and files of
 * the workspace nothing while nobody asks. Pure.
 */
export function chooseStore({ setting, chromaUrl, bundledHasData }: Place): Choice {
  const url = chromaUrl === '' ? undefined : chromaUrl;
  if (setting === 'embedded') return { kind: 'embedded', why: 'org.yaml says so' };
  if (url !== undefined) return { kind: 'chroma', url, why: 'CHROMA_URL is set' };
  if (setting === 'chroma') return { kind: 'chroma', url, why: 'org.yaml says so' };
  if (bundledHasData) return { kind: 'chroma', url, why: 'this workspace has knowledge in it' };
  return { kind: 'embedded', why: 'nothing else was asked for' };
}
