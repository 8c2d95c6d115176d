// A company that keeps running: it works until Ctrl+C, and goes on where it stopped the next time.

import { watch } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { dutyFacts } from '../actors/duties/registry.ts';
import { restoreLive } from '../actors/restore.ts';
import type { Stored } from '../bus/bus.ts';
import { RealClock } from '../bus/clock.ts';
import { reasonOf } from '../bus/errors.ts';
import { isOfType } from '../bus/messages.ts';
import { defaultCacheDir } from '../bus/server/cache.ts';
import { diffLines, diffOrg, isEmptyDiff } from '../org/diff.ts';
import { readOrg } from '../org/load.ts';
import { openSandbox } from '../tools/sandbox.ts';
import { adoptProducts, askedProduct } from './adopting.ts';
import { type Assembled, assemble } from './assemble.ts';
import { folderOf, give, joined, prepare, resumed, type Staff, serves, workersOf } from './company-start.ts';
import type { CliContext } from './context.ts';
import { followCompany } from './following.ts';
import { duration } from './format.ts';
import { asTheCompany, refuseThoughtless } from './joining.ts';
import { companyKnowledge, seedKnowledge } from './knowledge-company.ts';
import { checkRoles, enter, type Member } from './membership.ts';
import type { UpOptions } from './options.ts';
import { followOrg, howToApply, tellOrg } from './org-in-force.ts';
import { keepItsTime } from './own-time.ts';
import { findFile } from './package-root.ts';
import { placesIn } from './places.ts';
import { clearPlayed } from './played.ts';
import { readRunFile } from './run-file.ts';
import { openLog } from './run-log.ts';
import { createCompanyScreen } from './run-screen.ts';
import { openRunStream } from './run-stream.ts';
import { watchStream } from './stream-trouble.ts';
import { openTape, ReplayLacks } from './tape.ts';
import { timeOf } from './views/history.ts';
import { openWorkspace } from './workspace.ts';

/** How long after the last change of the org file it is read, in ms: editors write in several steps. */
const SETTLED_MS = 200;
/** How long a fenced process may take to let go, in ms. */
const FENCED_GRACE_MS = 5_000;

type Say = (line: string) => void;

/**
 * Runs a company until Ctrl+C. Returns the exit code. Throws Fenced when a newer process takes its name, ReplayLacks when it was
 * played and not all of it was there.
 */
export async function runCompany(asked: UpOptions, context: CliContext): Promise<0> {
  const product = await askedProduct(asked, context);
  const join = asked.roles !== undefined;
  const alone = await prepare(asked, context);
  const company = asked.company ?? (join ? readRunFile(context.cwd)?.company : undefined) ?? alone.org.company;
  const options = join ? await asTheCompany(asked, company, context) : asked;
  const prepared = { ...(join ? await prepare(options, context) : alone), product };
  const tape = await openTape(options, prepared.org, context);
  await openWorkspace(context.cwd);
  const { script } = prepared;
  const places = placesIn(context.cwd, company);
  const logs = openLog(places.work, context);
  const screen = createCompanyScreen(options, context);
  const closing: (() => Promise<void> | void)[] = [() => logs.close()];
  try {
    const stream = await openRunStream({
      company,
      bus: undefined,
      nats: options.nats,
      kind: 'company',
      replicas: prepared.org.replicas,
      join,
      name: options.name,
      clear: (messages) => clearPlayed({ org: prepared.org, company, places, messages }, context, screen.say),
      context,
      clock: () => new RealClock(options.speed ?? 1, undefined, { onSet: (ms) => logs.log('warn', clockSet(ms)) }),
      log: (line) => logs.log('warn', line),
    });
    closing.unshift(() => stream.close());
    const { bus, clock } = stream;
    const { staff, kept } = join ? { staff: await joined(prepared, bus), kept: [] } : await resumed(prepared, bus);
    const { org } = staff;
    checkRoles(org, options.roles);
    let running: Assembled | undefined;
    let member: Member | undefined;
    let paused = false;
    /** The last sequence of the past; everything is past until that is known. */
    let started = Number.POSITIVE_INFINITY;
    let newest: Stored | undefined;
    const processes: Stored[] = [];
    const onMessage = (stored: Stored, bytes?: Uint8Array): void => {
      stream.checking.look(stored, bytes);
      stream.seen(stored, bytes);
      if (member) member.told(stored);
      else if (isOfType(stored.message, 'process.started', 'process.left')) processes.push(stored);
      paused = isPaused(stored, paused);
      newest = stored;
      // A company that ran faster than the wall goes on from its own time, not from ours; and its processes from one time.
      if (clock.factor !== 1) clock.catchUp(timeOf(stored.message));
      if (stored.seq <= started) return;
      screen.message(stored);
      if (running) obey(stored, running, staff, (line) => logs.log('warn', line));
    };
    if (kept.length > 0) screen.say(`staff      as hr changed it: ${kept.join(', ')}; org.yaml says otherwise`);
    if (!join) await adoptProducts(org, places, context, screen.say);
    const [following, folder, sandbox] = await Promise.all([
      followCompany({ org, bus, clock, log: logs.log, onMessage }),
      folderOf(stream, context),
      openSandbox({
        mode: org.sandbox,
        scripted: script !== undefined,
        cacheDir: defaultCacheDir(context.env),
        env: { ...context.env },
        progress: (line) => context.err(`${line}\n`),
        signal: context.drain,
      }),
      keepItsTime(bus, clock),
    ]);
    closing.unshift(() => following.projections.close());
    await stream.checking.end();
    const workers = workersOf(staff, context.env, tape);
    if (join && !workers.able) refuseThoughtless(org, options.roles, processes);
    const entrance = { bus, network: stream.network, org, folder: context.cwd, past: processes };
    const entered = await enter({
      ...entrance,
      name: options.name,
      roles: options.roles,
      speed: clock.factor,
      script: script?.path,
      thinks: workers.able,
    });
    member = entered;
    for (const stored of processes) entered.told(stored);
    started = (await bus.info()).lastSeq;
    if (newest) clock.catchUp(timeOf(newest.message));
    const inspection = options.inspect ? await inspect(logs.redact) : undefined;
    if (inspection) closing.unshift(() => inspection.close());
    if (!join) await tellOrg(bus, staff.source.text);
    const place = { workspace: folder, org, env: context.env, now: context.now };
    if (!join) await seedKnowledge(place, bus, context, (line) => logs.log('warn', line));
    const knowledge = companyKnowledge(place, script, context, (line) => logs.log('warn', line));
    closing.unshift(() => knowledge.close());
    const assembled = await assemble({
      org,
      following,
      bus,
      clock,
      thinking: workers.thinking,
      knowledge,
      sandbox,
      places: placesIn(folder, company),
      roles: options.roles,
      process: entered.name,
      speaks: () => !join && !entered.fenced.aborted,
      env: { ...context.env },
      log: logs.log,
      inspect: inspection?.observe,
    });
    running = assembled;
    watchStream(stream, assembled.company, context);
    closing.unshift(() => assembled.tools.deployer.close());
    const { described } = stream;
    screen.opening({ org, stream: described, sandbox, workers, inspector: inspection?.url, member: entered });
    context.stop.addEventListener('abort', () => void assembled.company.stop('interrupted twice'), { once: true });
    if (serves(org, options.roles, 'operate')) await liveAgain(assembled, screen.say, (line) => logs.log('warn', line));
    entered.appear();
    const opened = assembled.company.start();
    if (join && paused) void assembled.company.pause('operator', 'the company is paused');
    await opened;
    if (!join) await give(staff, assembled.bus, assembled);
    const unwatch = watchOrg(options, context, staff, assembled, screen.say);
    closing.unshift(unwatch);
    await Promise.race([aborted(context.drain), aborted(entered.fenced)]);
    if (entered.fenced.aborted) {
      await Promise.race([assembled.company.stop('fenced'), wait(FENCED_GRACE_MS)]);
      throw entered.fenced.reason;
    }
    await assembled.company.drain('interrupted');
    await entered.leave('interrupted');
    if (tape && tape.lacks.length > 0) throw new ReplayLacks(tape);
    return 0;
  } finally {
    for (const close of closing) await close();
  }
}

/** Loaded only when it is asked for. */
async function inspect(redact: (text: string) => string) {
  const { openInspection } = await import('./inspection.ts');
  return openInspection(redact);
}

/** A process that joins a company which a person has paused takes nothing either. */
function isPaused({ message }: Stored, before: boolean): boolean {
  if (message.type !== 'control.changed' || message.data.scope !== 'company') return before;
  const { state } = message.data;
  if (message.source === 'operator') return state === 'paused';
  return before && state !== 'starting';
}

function clockSet(ms: number): string {
  const by = duration(Math.abs(ms));
  if (ms > 0) return `the clock of this machine was set forward by ${by}, or it slept: the company's time follows`;
  return `the clock of this machine was set back by ${by}: the company's time goes on, and is ahead of it`;
}

/** What was live of each product is live again. */
async function liveAgain({ tools, projections, org }: Assembled, say: Say, warn: Say): Promise<void> {
  const restored = await restoreLive({ tools, org, company: projections.company });
  for (const { product, commit, url, detail } of restored) {
    const line = `${product} ${commit.slice(0, 7)}`;
    if (url === undefined) warn(`${line} was live and does not come up: ${detail}`);
    else say(`live again: ${line} at ${url}`);
  }
}

function aborted(drain: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (drain.aborted) resolve();
    else drain.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Does what an operator says from another terminal: another org chart, pause, resume. */
function obey({ message }: Stored, running: Assembled, staff: Staff, warn: (line: string) => void): void {
  const { company } = running;
  const failed = (error: unknown) => warn(`${message.id} could not be followed: ${reasonOf(error)}`);
  const follow = async (text: string) => followOrg(staff.orgOf({ ...staff.source, text }), running);
  if (message.type === 'org.changed') follow(message.data.text).catch(failed);
  // Whoever runs the company has started it again: that ends a pause.
  if (message.type === 'control.changed' && message.data.state === 'starting' && staff.joins)
    company.resume(message.data.by, message.data.reason).catch(failed);
  if (message.type === 'control.changed' && message.source === 'operator' && message.data.scope === 'company') {
    const { state, by, reason } = message.data;
    if (state === 'paused') company.pause(by, reason).catch(failed);
    if (state === 'running') company.resume(by, reason).catch(failed);
  }
}

/** Saving the org file while the company runs says what it would change, and how to make it so. */
function watchOrg(
  options: UpOptions,
  context: CliContext,
  staff: Staff,
  assembled: Assembled,
  say: (line: string) => void,
): () => void {
  const path = findFile(options.org, context.cwd);
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    try {
      const after = staff.orgOf(readOrg(path, options.org));
      const diff = diffOrg(assembled.org(), after, assembled.projections.board.tasks(), dutyFacts());
      if (isEmptyDiff(diff)) return;
      say(`${options.org} was saved:`);
      for (const line of diffLines(diff)) say(`  ${line}`);
      say(howToApply(diff, options.org));
    } catch (error) {
      say(`${options.org} was saved and cannot be used:\n${reasonOf(error)}`);
    }
  };
  // The folder is watched: many editors replace the file, which ends a watch on the file itself.
  const watcher = watch(dirname(path), (_, name) => {
    if (name !== null && !path.endsWith(name)) return;
    clearTimeout(timer);
    timer = setTimeout(look, SETTLED_MS);
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
