// The one page of the inspector: a table of the actors, made here, and the Stately inspector in a frame.

/** Where the Stately inspector lives: the only foreign origin that may be framed, spoken to, or connect. */
export const STATELY = 'https://stately.ai';

export const STYLE = `
:root { color-scheme: light dark; font: 14px/1.4 system-ui, sans-serif; }
body { margin: 0; display: grid; grid-template-columns: minmax(22rem, 2fr) 3fr; height: 100vh; }
body.alone { grid-template-columns: 1fr; }
main { overflow: auto; padding: 0 1rem; }
h1 { font-size: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .2rem .5rem; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
td { font-family: ui-monospace, monospace; font-size: 12px; overflow-wrap: anywhere; }
iframe { border: 0; width: 100%; height: 100%; }
`;

/** @param framed false: without the Stately frame, and so without any contact to the outside */
export function page(framed: boolean): string {
  const frame = `<iframe id="stately" title="Stately inspector" src="${STATELY}/inspect"
    sandbox="allow-scripts allow-same-origin allow-popups" referrerpolicy="no-referrer"></iframe>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Headcount inspector</title>
<link rel="stylesheet" href="/inspector.css">
</head>
<body${framed ? '' : ' class="alone"'}>
<main>
<h1>Actors <span id="link" role="status">connecting</span></h1>
<table>
<thead><tr><th>Actor</th><th>State</th><th>Last event</th><th>Events</th></tr></thead>
<tbody id="actors"></tbody>
</table>
</main>
${framed ? frame : ''}
<script src="/inspector.js"></script>
</body>
</html>
`;
}

/** Contents of actors are only ever set as text, never as markup. */
export const SCRIPT = `
'use strict';
const STATELY = ${JSON.stringify(STATELY)};
const frame = document.getElementById('stately');
const link = document.getElementById('link');
const table = document.getElementById('actors');
const actors = new Map();
let stately = false;

const nameOf = (value) =>
  value && typeof value === 'object'
    ? Object.entries(value).map(([outer, inner]) => outer + (inner ? '.' + nameOf(inner) : '')).join(' | ')
    : String(value ?? '');
const stateOf = (snapshot) => (snapshot?.value === undefined ? String(snapshot?.status ?? '') : nameOf(snapshot.value));
const tell = (message) => frame.contentWindow.postMessage(message, STATELY);

function rowOf(sessionId) {
  const known = actors.get(sessionId);
  if (known) return known;
  const row = table.insertRow();
  const fresh = { cells: [0, 1, 2, 3].map(() => row.insertCell()), introduction: undefined };
  fresh.cells[0].textContent = sessionId;
  actors.set(sessionId, fresh);
  return fresh;
}

function show(message) {
  const actor = rowOf(message.sessionId);
  const [name, state, last, count] = actor.cells;
  if (message.type === '@xstate.actor') {
    actor.introduction = message;
    name.textContent = message.name;
    name.title = message.sessionId;
    last.textContent = message.lastEvent ?? '';
  }
  if (message.type === '@xstate.event') last.textContent = message.event?.type ?? '';
  if (message.events !== undefined) count.textContent = message.events;
  if (message.snapshot) {
    if (actor.introduction) actor.introduction.snapshot = message.snapshot;
    state.textContent = stateOf(message.snapshot);
    state.title = JSON.stringify(message.snapshot.context ?? {}, null, 1);
  }
}

function start() {
  const socket = new WebSocket('ws://' + location.host + '/events');
  socket.onopen = () => { link.textContent = 'live'; };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (typeof message.sessionId !== 'string') return;
    show(message);
    if (stately) tell(message);
  };
  // A viewer that was too slow is let go; joining again brings the current snapshots.
  socket.onclose = () => {
    link.textContent = 'not connected';
    setTimeout(start, 1000);
  };
}

addEventListener('message', (event) => {
  if (!frame || event.origin !== STATELY || event.source !== frame.contentWindow) return;
  if (event.data?.type !== '@statelyai.connected') return;
  stately = true;
  for (const { introduction } of actors.values()) if (introduction) tell(introduction);
});
start();
`;
