// Companies that are stopped, or lose their server, in the middle of their work.

import { describe, expect, test } from 'vitest';
import { startServer } from '../../bus/server/launcher.ts';
import { expectWhole, inWorkspace, LAST, POCKET, stop } from './building.ts';

const live = async (url: string): Promise<string> => (await fetch(`${url}/healthz`)).text();

describe('a company that builds a product', () => {
  test(
    'goes on where Ctrl+C stopped it, and what was live is live again',
    inWorkspace(async (workspace, start) => {
      const first = start();
      await first.says(/merged\s+pull 1/);
      await stop(first);
      expect(workspace.processes()).toEqual([]);

      const second = start();
      await second.says(POCKET.last);
      expect(second.written()).not.toMatch(/merged\s+pull 1/);
      await stop(second);
      await expectWhole(workspace, POCKET);
      expect(workspace.processes()).toEqual([]);

      const third = start();
      const [, commit, url = ''] = await third.says(/live again: pocket (\w{7}) at (\S+)/);
      expect(third.written()).not.toContain('backlog');
      expect(await live(url)).toBe('ok');
      expect((await workspace.run('log')).out).toMatch(new RegExp(`deployment live +pocket ${commit}`));
      await stop(third);
      await expect(live(url)).rejects.toThrow();
    }, POCKET),
  );

  test(
    'survives the death of its own server, which is started again',
    inWorkspace(async (workspace, start) => {
      const up = start();
      await up.says(/merged\s+pull 1/);
      const { pid } = JSON.parse(workspace.read('.headcount', 'nats', 'server.json'));
      process.kill(pid, 'SIGKILL');
      await up.says(/nats-server ended \(SIGKILL\); starting it again on port \d+/);
      await up.says(/the nats-server \S+ is back/);
      await up.says(LAST);
      await stop(up);
      await expectWhole(workspace);
      expect(workspace.processes()).toEqual([]);
    }),
  );

  test(
    'waits for a server of somebody else that died, and goes on when it is back',
    inWorkspace(async (workspace, start) => {
      const storeDir = workspace.folder('store');
      const server = await startServer({ storeDir });
      const up = start('--nats', server.url);
      await up.says(/merged\s+pull 1/);
      process.kill(server.pid, 'SIGKILL');
      await up.says(/lost the nats-server/);
      const again = await startServer({ storeDir, port: server.port });
      await up.says(/the nats-server \S+ is back/);
      await up.says(LAST);
      await stop(up);
      const { out } = await workspace.run(`tasks --nats ${again.url} --json`);
      expect(JSON.parse(out).map(({ status }: { status: string }) => status)).toEqual(['done', 'done']);
      await again.stop();
    }),
  );

  test(
    'ends at once when Ctrl+C is pressed twice, and leaves nothing',
    inWorkspace(async (workspace, start) => {
      const up = start();
      await up.says(/working\s+T1/);
      up.kill('SIGINT');
      await up.says(/press Ctrl\+C again/);
      up.kill('SIGINT');
      await up.ended;
      expect(workspace.processes()).toEqual([]);
      expect(workspace.has('.headcount', 'run.json')).toBe(false);
    }),
  );
});
