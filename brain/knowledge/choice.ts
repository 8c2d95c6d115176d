// Which store a workspace uses. Decided from what is there, and said by `headcount doctor`.

export type Choice =
  | {
      readonly kind: 'embedded';
      readonly why: string;
      /** Only what was read here already keeps it from being used. */
      readonly couldMove: boolean;
    }
  | {
      readonly kind: 'chroma';
      readonly why: string;
      /** Undefined: the bundled server. */
      readonly url: string | undefined;
      /** Nothing is kept yet and nobody insists: files of the workspace do as well when the server does not start. */
      readonly orEmbedded: boolean;
    };

export type Place = {
  readonly setting: 'auto' | 'embedded' | 'chroma';
  /** CHROMA_URL; empty counts as unset. */
  readonly chromaUrl: string | undefined;
  /** True when knowledge was put into the bundled server of this workspace. */
  readonly bundledHasData: boolean;
  /** True when knowledge was put into files of this workspace. */
  readonly embeddedHasData: boolean;
  /** Why the bundled server cannot run on this machine; undefined: nothing is known against it. Asked only when it matters. */
  readonly obstacle: () => string | undefined;
};

/**
 * What org.yaml says; CHROMA_URL; the store in which there is knowledge, so that nobody loses what was read; else the
 * bundled Chroma server where it can run, and files of the workspace where it cannot. Pure but for what `obstacle` looks at.
 */
export function chooseStore(place: Place): Choice {
  const { setting, chromaUrl, bundledHasData, embeddedHasData } = place;
  const url = chromaUrl === '' ? undefined : chromaUrl;
  if (setting === 'embedded') return { kind: 'embedded', why: 'org.yaml says so', couldMove: false };
  const chroma = (why: string, orEmbedded = false): Choice => ({ kind: 'chroma', url, why, orEmbedded });
  if (url !== undefined) return chroma('CHROMA_URL is set');
  if (setting === 'chroma') return chroma('org.yaml says so');
  if (bundledHasData) return chroma('this workspace has knowledge in it');
  const obstacle = place.obstacle();
  const cannot = `the bundled Chroma server cannot run here: ${obstacle}`;
  if (embeddedHasData) {
    const here = 'this workspace has knowledge in it';
    const why = obstacle === undefined ? here : `${here}; ${cannot}`;
    return { kind: 'embedded', why, couldMove: obstacle === undefined };
  }
  if (obstacle !== undefined) return { kind: 'embedded', why: cannot, couldMove: false };
  return chroma('its server comes with Headcount', true);
}

/** True when the choice is a server that has to be started. Pure. */
export function isBundled(choice: Choice): boolean {
  return choice.kind === 'chroma' && choice.url === undefined;
}
