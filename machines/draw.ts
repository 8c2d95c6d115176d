// Any chart as data and as a Mermaid drawing. Both say what the machine says, in its order, so that two drawings of one
// policy are the same text.

import type { AnyStateMachine, AnyStateNode } from 'xstate';

export type DrawnState = {
  /** Dotted path: `working.briefing`. */
  readonly id: string;
  readonly description?: string;
  /** The child entered first, for a state that has children. */
  readonly initial?: string;
  /** Names of what is done on entering, with their parameters: `announce paused`. */
  readonly entry: readonly string[];
};

export type DrawnTransition = {
  readonly from: string;
  /** `always` for one that needs no event. */
  readonly event: string;
  /** Name and parameters: `climbsTo recall`. `else` when rows before it have guards and it has none. */
  readonly guard?: string;
  /** Absent: the state stays as it is. */
  readonly to?: string;
  readonly actions: readonly string[];
};

export type Chart = {
  readonly id: string;
  readonly description?: string;
  readonly initial: string;
  /** Outer states before inner ones, in the order of the machine. */
  readonly states: readonly DrawnState[];
  readonly transitions: readonly DrawnTransition[];
};

/** Reads a machine as data, in the order in which it is written. */
export function chartOf(machine: AnyStateMachine): Chart {
  const nodes = descendants(machine.root);
  return {
    id: machine.id,
    ...described(machine.root),
    initial: initialOf(machine.root) ?? '',
    states: nodes.map((node) => {
      const initial = initialOf(node);
      return {
        id: idOf(node),
        ...described(node),
        ...(initial !== undefined && { initial }),
        entry: node.entry.map(nameOf),
      };
    }),
    transitions: [machine.root, ...nodes].flatMap(transitionsOf),
  };
}

function descendants(node: AnyStateNode): AnyStateNode[] {
  const children: AnyStateNode[] = Object.values(node.states);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function idOf(node: AnyStateNode): string {
  return node.path.join('.');
}

function described(node: AnyStateNode): { description?: string } {
  return node.description === undefined ? {} : { description: node.description };
}

function initialOf(node: AnyStateNode): string | undefined {
  return node.type === 'compound' ? node.initial.target.map(idOf).join(', ') : undefined;
}

function transitionsOf(node: AnyStateNode): DrawnTransition[] {
  const rows: (readonly [string, typeof node.always])[] = [...node.transitions];
  if (node.always && node.always.length > 0) rows.unshift(['always', node.always]);
  return rows.flatMap(([event, options]) =>
    (options ?? []).map((option, index) => {
      const guard = option.guard === undefined ? (index > 0 ? 'else' : undefined) : nameOf(option.guard);
      return {
        from: idOf(node),
        event,
        ...(guard !== undefined && { guard }),
        ...(option.target !== undefined && { to: option.target.map(idOf).join(', ') }),
        actions: option.actions.map(nameOf),
      };
    }),
  );
}

/** A guard or an action in words: its name and the values of its parameters. */
function nameOf(what: unknown): string {
  if (typeof what === 'string') return what;
  if (typeof what === 'function') return what.name || 'unnamed';
  if (typeof what !== 'object' || what === null || !('type' in what)) return 'unnamed';
  const params = 'params' in what && typeof what.params === 'object' && what.params !== null ? what.params : {};
  return [String(what.type), ...Object.values(params).map(String)].join(' ');
}

/** The chart as a Mermaid `stateDiagram-v2`: GitHub and mermaid.live draw it. No newline at the end. */
export function mermaidOf(chart: Chart): string {
  const edges = edgesOf(chart);
  const drawn = new Set<string>();
  const inside = (outer: string, indent: string): string[] => {
    const lines = chart.states
      .filter((state) => parentOf(state.id) === outer)
      .flatMap((state) => {
        const alias = `state "${plain(lastToken(state.id))}" as ${tokenOf(state.id)}`;
        if (state.initial !== undefined) {
          const first = `${indent}  [*] --> ${tokenOf(state.initial)}`;
          return [`${indent}${alias} {`, first, ...inside(state.id, `${indent}  `), `${indent}}`];
        }
        return [`${indent}${alias}`, ...state.entry.map((name) => `${indent}${tokenOf(state.id)} : ${plain(name)}`)];
      });
    for (const edge of edges) {
      // Between two states of one parent; everything else is drawn outermost, where Mermaid may cross borders.
      const here = outer === '' || (parentOf(edge.from) === outer && parentOf(edge.to) === outer);
      if (!here || drawn.has(edge.text)) continue;
      drawn.add(edge.text);
      lines.push(indent + edge.text);
    }
    return lines;
  };
  return ['stateDiagram-v2', `  [*] --> ${tokenOf(chart.initial)}`, ...inside('', '  ')].join('\n');
}

type Edge = { readonly from: string; readonly to: string; readonly text: string };

/** One arrow for each pair of states: what leads from one to the other is on its label. */
function edgesOf(chart: Chart): Edge[] {
  const arrows = new Map<string, { from: string; to: string; events: Map<string, string[]> }>();
  for (const transition of chart.transitions) {
    const to = transition.to ?? transition.from;
    // Mermaid cannot draw an arrow from a state to something inside it: it leaves from each inner state instead.
    const sources = isWithin(to, transition.from) ? leavesOf(chart, transition.from) : [transition.from];
    for (const from of sources) {
      const target = isWithin(from, to) ? entered(chart, to) : to;
      const key = `${from} ${target}`;
      const arrow = arrows.get(key) ?? { from, to: target, events: new Map<string, string[]>() };
      const event = transition.to === undefined ? withActions(transition) : transition.event;
      const guards = arrow.events.get(event) ?? [];
      if (transition.guard !== undefined) guards.push(transition.guard);
      arrow.events.set(event, guards);
      arrows.set(key, arrow);
    }
  }
  return [...arrows.values()].map(({ from, to, events }) => {
    const labels = [...events].map(([event, guards]) => {
      const name = event === 'always' ? '' : event;
      const condition = guards.length === 0 ? '' : `[${guards.join(' or ')}]`;
      return [name, condition].filter((part) => part !== '').join(' ');
    });
    const label = plain(labels.join(', '));
    return { from, to, text: `${tokenOf(from)} --> ${tokenOf(to)}${label === '' ? '' : ` : ${label}`}` };
  });
}

function withActions({ event, actions }: DrawnTransition): string {
  return actions.length === 0 ? event : `${event} / ${actions.join(' ')}`;
}

/** The innermost states of a state; itself when it has no children. */
function leavesOf(chart: Chart, id: string): string[] {
  const leaves = chart.states.filter((state) => state.initial === undefined && isWithin(state.id, id));
  return leaves.map((state) => state.id);
}

/** The innermost state entered first. */
function entered(chart: Chart, id: string): string {
  const initial = chart.states.find((state) => state.id === id)?.initial;
  return initial === undefined ? id : entered(chart, initial);
}

/** True for the state itself too. */
function isWithin(inner: string, outer: string): boolean {
  return outer === '' || inner === outer || inner.startsWith(`${outer}.`);
}

function parentOf(id: string): string {
  return id.split('.').slice(0, -1).join('.');
}

function lastToken(id: string): string {
  return id.split('.').at(-1) ?? id;
}

/** Words that mean something to Mermaid where a state's name may stand. */
const taken: readonly string[] = [
  'as',
  'class',
  'classDef',
  'click',
  'default',
  'direction',
  'end',
  'note',
  'state',
  'style',
];

/** Mermaid knows neither dots nor dashes in names. */
function tokenOf(id: string): string {
  const token = id.replace(/[^A-Za-z0-9]/g, '_');
  return taken.includes(token) ? `${token}_` : token;
}

/** Without the characters that end or open something in Mermaid. */
function plain(text: string): string {
  return text.replace(/[":;#{}<>\n]/g, ' ').trim();
}
