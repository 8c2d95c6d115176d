// Of the models of a company file: does every model belong to a provider that is there, and every type of task to somebody?

import type { OrgDocument } from './document.ts';
import type { ModelsFile } from './model-schema.ts';
import { modelsOf, providerNames } from './models.ts';
import { didYouMean, type Keys, type Problem, quote } from './problems.ts';
import type { OrgFile } from './schema.ts';

/** @param types of task that some role does */
export function checkModels({ models }: OrgFile, document: OrgDocument, types: readonly string[]): Problem[] {
  if (models === undefined) return [];
  const names = providerNames(models);
  const chains: [Keys, readonly string[] | undefined][] = [
    ...Object.entries(models.tiers ?? {}).map(([tier, chain]): [Keys, readonly string[] | undefined] => [
      ['models', 'tiers', tier],
      chain,
    ]),
    ...Object.entries(models.tasks ?? {}).map(([type, chain]): [Keys, readonly string[]] => [
      ['models', 'tasks', type],
      chain,
    ]),
  ];
  const strangers = chains.flatMap(([keys, chain]) =>
    (chain ?? []).flatMap((choice, index) => {
      const [name = ''] = choice.split('/');
      if (names.includes(name)) return [];
      const hint = didYouMean(name, names) || `; there are ${names.join(', ')}`;
      return [document.problem([...keys, index], `${quote(name)} is no provider${hint}`)];
    }),
  );
  const unknown = Object.keys(models.tasks ?? {})
    .filter((type) => !types.includes(type))
    .map((type) => {
      const hint = didYouMean(type, types) || `; there are ${types.join(', ')}`;
      return document.problem(['models', 'tasks', type], `${quote(type)} is no type of task here${hint}`, 'key');
    });
  const formats = Object.entries(models.providers ?? {})
    .filter(([, { kind, api }]) => kind !== 'openai' && api !== undefined)
    .map(([name]) => document.problem(['models', 'providers', name, 'api'], 'is for kind openai only', 'key'));
  return [...strangers, ...unknown, ...formats, ...checkEfforts(models, document)];
}

/** An effort belongs to a tier, or to a model that somebody is asked for. */
function checkEfforts(models: ModelsFile, document: OrgDocument): Problem[] {
  const { tiers, tasks } = modelsOf(models);
  const names = [...new Set([...Object.keys(tiers), ...Object.values(tiers).flat(), ...Object.values(tasks).flat()])];
  return Object.keys(models.effort ?? {})
    .filter((name) => !names.includes(name))
    .map((name) => {
      const hint = didYouMean(name, names) || `; there are ${names.join(', ')}`;
      return document.problem(
        ['models', 'effort', name],
        `${quote(name)} is no tier and no model in use${hint}`,
        'key',
      );
    });
}
