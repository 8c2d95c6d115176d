// The messages of the Stately inspector (those of @statelyai/inspect 0.7), made from xstate's inspection events.

import type { InspectionEvent } from 'xstate';
import { type Redact, toWire } from './plain.ts';

/** The protocol's version; the inspector drops messages that carry none. */
const VERSION = '0.7.2';
/** Longer messages are sent without their contents. In characters. */
const LONGEST_MESSAGE = 256 * 1024;
/** In place of contents that were too large, or that could not be redacted. */
const WITHHELD = { type: '[withheld]', status: 'active' };

/** What is known of one actor: enough to tell a viewer who joins late. */
export type KnownActor = {
  readonly sessionId: string;
  readonly name: string;
  readonly rootId: string;
  readonly parentId: string | undefined;
  /** The chart as configured; undefined for actors that are no statechart. */
  readonly config: object | undefined;
  snapshot: unknown;
  /** Type of the event it got last; undefined before the first. */
  lastEvent: string | undefined;
  /** Events it got since it was first heard of. */
  events: number;
};

type Happening = Extract<InspectionEvent, { type: '@xstate.event' | '@xstate.snapshot' }>;

/** A property xstate has on its objects but not in its types. */
function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function textProperty(value: unknown, name: string): string | undefined {
  const held = property(value, name);
  return typeof held === 'string' ? held : undefined;
}

/** What an inspection event tells of its actor. */
export function actorOf({ actorRef, rootId }: InspectionEvent): KnownActor {
  const config = property(property(actorRef, 'logic'), 'config');
  const chart = typeof config === 'object' && config !== null ? config : undefined;
  const id = textProperty(actorRef, 'id') ?? actorRef.sessionId;
  return {
    sessionId: actorRef.sessionId,
    // A root actor without an id of its own is best known by its chart.
    name: id === actorRef.sessionId ? (textProperty(chart, 'id') ?? id) : id,
    rootId,
    parentId: textProperty(property(actorRef, '_parent'), 'sessionId'),
    config: chart,
    // An actor is announced while it is being made and must not be asked; starting it brings its first snapshot.
    snapshot: { status: 'active' },
    lastEvent: undefined,
    events: 0,
  };
}

/** Makes the messages. Whatever cannot be sent safely is sent without its contents. */
export class Wire {
  readonly #redact: Redact;
  readonly #now: () => number;
  /** Charts as text: many agents share one, and it does not change. */
  readonly #definitions = new WeakMap<object, string>();

  constructor(redact: Redact, now: () => number) {
    this.#redact = redact;
    this.#now = now;
  }

  /** Introduces an actor with its chart and its current snapshot. `lastEvent` and `events` are ours: Stately's page passes them over. */
  introduce({ config, snapshot, ...known }: KnownActor): string {
    const body = { type: '@xstate.actor', ...known };
    const definition = config && this.#definition(config);
    return this.#message(body, [{ definition, snapshot }, { snapshot }, { definition, snapshot: WITHHELD }]);
  }

  /**
   * An event on its way to an actor, or the snapshot an event has led to.
   * @param events how many the actor had, with this one: a count a viewer cannot get wrong, whenever it joined
   */
  happening(event: Happening, events: number): string {
    const body = { type: event.type, sessionId: event.actorRef.sessionId, rootId: event.rootId };
    if (event.type === '@xstate.event') {
      const sourceId = textProperty(event.sourceRef, 'sessionId');
      return this.#message({ ...body, sourceId, events }, [{ event: event.event }, { event: WITHHELD }]);
    }
    const contents = { event: event.event, snapshot: event.snapshot };
    return this.#message(body, [contents, { event: WITHHELD, snapshot: WITHHELD }]);
  }

  #definition(config: object): string | undefined {
    const made = this.#definitions.get(config) ?? toWire(config, this.#redact, LONGEST_MESSAGE);
    if (made !== undefined) this.#definitions.set(config, made);
    return made;
  }

  /** The first of `choices` that can be sent. */
  #message(body: object, choices: readonly object[]): string {
    const frame = { id: null, createdAt: String(this.#now()), _version: VERSION };
    for (const contents of choices) {
      const text = toWire({ ...body, ...contents, ...frame }, this.#redact, LONGEST_MESSAGE);
      if (text !== undefined) return text;
    }
    return '{}';
  }
}
