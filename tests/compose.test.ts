// compose.yaml and the image that it builds: what a company in a container needs, as far as their text can hold it.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { packageRoot } from '../cli/package-root.ts';

const read = (path: string) => readFileSync(join(packageRoot, path), 'utf8');

/** The lines of a list of files, without comments. */
const listed = (path: string) =>
  read(path)
    .split('\n')
    .map((line) => line.trim().replace(/\/$/, ''))
    .filter((line) => line !== '' && !line.startsWith('#'));

const Company = z.looseObject({
  user: z.string(),
  working_dir: z.string(),
  command: z.string(),
  environment: z.looseObject({ NATS_URL: z.string() }),
  volumes: z.array(z.string()),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })),
  security_opt: z.array(z.string()),
  profiles: z.array(z.string()).optional(),
});
const Node = z.looseObject({ ports: z.array(z.string()), volumes: z.array(z.string()) });

const text = read('compose.yaml');
const file = z
  .object({ services: z.record(z.string(), z.unknown()), volumes: z.record(z.string(), z.null()) })
  .parse(parse(text, { merge: true }));
const companies = ['company', 'clustered-company'] as const;
const company = (name: (typeof companies)[number]) => Company.parse(file.services[name]);
const nodes = Object.entries(file.services)
  .filter(([name]) => name.startsWith('nats'))
  .map(([name, service]) => ({ name, ...Node.parse(service) }));

describe.each(companies)('%s of compose.yaml', (name) => {
  const { user, working_dir, command, environment, volumes, depends_on, security_opt } = company(name);

  test('asks the servers that it waits for, by their names in the network', () => {
    const urls = environment.NATS_URL.split(',');
    expect(urls).toEqual(Object.keys(depends_on).map((server) => `nats://${server}:4222`));
    expect(Object.values(depends_on).map(({ condition }) => condition)).toEqual(urls.map(() => 'service_healthy'));
  });

  test('mounts nothing inside its folder, where the engine would leave folders of root', () => {
    expect(volumes).toEqual([`.:${working_dir}`]);
  });

  test('writes as a person, so that its products are theirs', () => {
    expect(user).toMatch(/^\$\{HEADCOUNT_USER:-1000:1000\}$/);
  });

  test('starts what the image holds, and installs nothing', () => {
    expect(command).toMatch(/^headcount up /);
  });

  test('may make the namespaces and the /proc of a sandbox', () => {
    expect(security_opt).toEqual(['seccomp=unconfined', 'apparmor=unconfined', 'systempaths=unconfined']);
  });
});

test('the company on a cluster differs from the other one in its servers alone', () => {
  const { environment, depends_on: _, profiles, ...clustered } = company('clustered-company');
  const { environment: own, depends_on: __, ...single } = company('company');
  expect(profiles).toEqual(['cluster']);
  expect(clustered).toEqual(single);
  expect({ ...environment, NATS_URL: own.NATS_URL }).toEqual(own);
});

test('the host reaches the servers by loopback only, at the ports that the file says', () => {
  const ports = nodes.flatMap((node) => node.ports);
  const said = new Set([...text.matchAll(/nats:\/\/(127\.0\.0\.1:\d+)/g)].map(([, address]) => `${address}:4222`));
  expect(new Set(ports)).toEqual(said);
  expect(said.size).toBe(nodes.length);
});

test('every server keeps its stream on a volume of its own', () => {
  const stores = nodes.flatMap(({ volumes }) => volumes.filter((volume) => volume.endsWith(':/data')));
  expect(stores.map((volume) => volume.split(':')[0])).toEqual(Object.keys(file.volumes));
});

describe('the image', () => {
  const ignored = listed('.dockerignore');

  test('holds no keys, nothing that git ignores and no history', () => {
    expect(ignored).toEqual(expect.arrayContaining([...listed('.gitignore'), '.env', '.git']));
  });

  test('is built from files that are there, and that are not left out', () => {
    const copied = [...read('Dockerfile').matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, from]) => from?.split(' ') ?? []);
    expect(copied).toContain('package-lock.json');
    for (const path of copied) expect(existsSync(join(packageRoot, path)) && !ignored.includes(path), path).toBe(true);
  });
});
