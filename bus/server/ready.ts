// What a server says about itself: the INFO line each connection starts with, and its monitoring port.

import { connect } from 'node:net';
import { z } from 'zod';

const info = z.object({
  server_id: z.string(),
  version: z.string(),
  jetstream: z.boolean().default(false),
});

const jetstreamStatus = z.object({ config: z.object({ sync_always: z.boolean().default(false) }) });

export type ServerInfo = z.infer<typeof info>;

/** Connects and reads the server's INFO line. Throws when nothing answers within `limitMs` or it is no NATS server. */
export function readInfo(url: string, limitMs: number): Promise<ServerInfo> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ host: hostname, port: Number(port || 4222) });
    socket.setTimeout(limitMs, () => socket.destroy(new Error(`no answer at ${url}`)));
    socket.setEncoding('utf8');
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${url} hung up`)));
    socket.on('data', (chunk) => {
      text += chunk;
      const end = text.indexOf('\r\n');
      if (end < 0) return;
      try {
        resolve(info.parse(JSON.parse(text.slice(0, end).replace(/^INFO /, ''))));
      } catch (cause) {
        reject(new Error(`${url} is not a NATS server`, { cause }));
      }
      socket.destroy();
    });
  });
}

/** True when the server syncs every write, as its monitoring port tells. */
export async function syncsAlways(monitor: string, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(`${monitor}/jsz?config=true`, { signal });
  return jetstreamStatus.parse(await response.json()).config.sync_always;
}
