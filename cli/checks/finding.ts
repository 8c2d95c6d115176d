// What a check of `headcount doctor` is given and what it finds. A check finds the real cause and names the command that mends it.

import { runLimited } from '../../tools/process.ts';

export type Machine = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Without the `v`. */
  readonly nodeVersion: string;
  /** Undefined where there is no such thing. */
  readonly uid: number | undefined;
  /** Wall time, epoch ms. */
  readonly now: number;
  /** True: fetch what is missing. False: look only. */
  readonly fetch: boolean;
  /** True: ask each model and coding CLI one tiny question, which costs a little money. */
  readonly live: boolean;
  /** How long one such question may take, ms. */
  readonly liveMs: number;
  readonly progress: (line: string) => void;
};

export type Finding = {
  readonly name: string;
  readonly ok: boolean;
  /** False: Headcount works without it, with what `detail` says missing. */
  readonly required: boolean;
  readonly detail: string;
  /** The command that mends it. */
  readonly fix?: string;
};

/** One check; it may find several things, or nothing worth a line. */
export type Check = (machine: Machine) => Finding | readonly Finding[] | Promise<Finding | readonly Finding[]>;

/** What a program may take to say its version. */
const ANSWER = { timeoutMs: 5_000, memoryBytes: 1_024 ** 3, outputBytes: 64 * 1_024 };

export const good = (name: string, detail: string, required = true): Finding => ({ name, ok: true, required, detail });
export const bad = (name: string, detail: string, fix: string, required = true): Finding => ({
  name,
  ok: false,
  required,
  detail,
  fix,
});

/**
 * The version that a program prints; undefined when there is none on the PATH, or it does not say. It sees where programs are
 * and a home, and nothing else of our environment.
 * @param home the user's unless told
 */
export async function versionOf(
  program: string,
  { env, cwd }: Pick<Machine, 'env' | 'cwd'>,
  home = env.HOME,
): Promise<string | undefined> {
  const own = {
    LANG: 'C.UTF-8',
    ...(env.PATH === undefined ? {} : { PATH: env.PATH }),
    ...(home === undefined ? {} : { HOME: home }),
  };
  const { outcome, code, stdout, stderr } = await runLimited({
    argv: [program, '--version'],
    dir: cwd,
    env: own,
    limits: ANSWER,
  });
  return outcome === 'ended' && code === 0 ? /\d+\.\d+(\.\d+)?/.exec(stdout || stderr)?.[0] : undefined;
}
