// What `run` and `up` were asked to do, as data. cli/run-scenario.ts and cli/run-company.ts do it.

import type { SimulatedFault } from '../simulator/faults.ts';

export type RunOptions = {
  /** Path of the scenario file, as typed. */
  readonly scenario: string;
  /** Undefined: JetStream where a server is to be had, else the memory bus, said in one line. */
  readonly bus: 'jetstream' | 'memory' | undefined;
  /** A running server to use; undefined: NATS_URL, else one of our own. */
  readonly nats: string | undefined;
  /** Undefined: the scenario's. */
  readonly seed: number | undefined;
  /** File to export the stream to when the run has ended. */
  readonly out: string | undefined;
  /** Undefined: the scenario's. */
  readonly clock: 'virtual' | 'real' | undefined;
  /** Times as fast as the wall; only with the real clock. */
  readonly speed: number | undefined;
  readonly inspect: boolean;
  /** The server and the product stay up until Ctrl+C. */
  readonly keep: boolean;
  readonly json: boolean;
  /** No timeline, only the report. */
  readonly quiet: boolean;
};

export type UpOptions = {
  /** Path of the company file, as typed. */
  readonly org: string;
  /** Undefined: the company file's. */
  readonly mission: string | undefined;
  /** A git repository to work on: it becomes a product. */
  readonly repo: string | undefined;
  /** How that repository is tested; undefined: as its files say. */
  readonly test: string | undefined;
  /** Whether a person allows each merge of it; undefined: they do. */
  readonly automation: 'supervised' | 'full' | undefined;
  readonly nats: string | undefined;
  /** Scenario whose scripted answers the workers give, with its product and mission. */
  readonly script: string | undefined;
  /** Roles to serve in a company that runs elsewhere; undefined: runs the company, with all roles. */
  readonly roles: readonly string[] | undefined;
  /** Name of this process; undefined: the one it had before, or a new one. */
  readonly name: string | undefined;
  /** File to which the answers of providers are written, or from which they come instead. */
  readonly cassette: { readonly path: string; readonly mode: 'record' | 'replay' } | undefined;
  /** Slug that replaces the company file's: a second company of the same shape. */
  readonly company: string | undefined;
  readonly inspect: boolean;
  readonly speed: number | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
};

/** What `headcount sim` was asked for. */
export type SimOptions = {
  readonly scenario: string;
  readonly seeds: { readonly from: number; readonly to: number };
  /** Names of simulator/faults.ts; empty: nothing strikes. */
  readonly faults: readonly SimulatedFault[];
  /** Undefined: as the seed draws. */
  readonly processes: number | undefined;
  /** Threads. */
  readonly jobs: number;
  readonly junit: string | undefined;
  /** Where scenarios of failing seeds are written. */
  readonly found: string;
  readonly shrink: boolean;
  readonly json: boolean;
};
