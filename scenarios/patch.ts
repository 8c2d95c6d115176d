// How the company of a scenario differs from org.yaml: a patch in org.yaml's own words (org/overlay.ts applies it).

import { z } from 'zod';
import { OrgFile, ROLE_NAME } from '../org/schema.ts';

export const RoleName = z.string().regex(ROLE_NAME, 'is no name of a role');

const RolePatch = OrgFile.shape.reports.valueType
  .omit({ reports: true })
  .extend({ reportsTo: RoleName.optional().meta({ description: 'Its boss; needed for a new role.' }) })
  .meta({ title: 'role' });

export const OrgPatch = z
  .strictObject({
    roles: z
      .record(RoleName, RolePatch.nullable())
      .optional()
      .meta({ description: 'By name: fields that differ, a new role with reportsTo, or null for one that is gone.' }),
    engines: OrgFile.shape.engines,
    web: OrgFile.shape.web,
    models: OrgFile.shape.models,
    budget: OrgFile.shape.budget,
    retry: OrgFile.shape.retry,
    reward: OrgFile.shape.reward,
    standing: OrgFile.shape.standing,
    memory: OrgFile.shape.memory,
    staffing: OrgFile.shape.staffing,
    milestones: OrgFile.shape.milestones,
  })
  .meta({ title: 'org patch', description: 'How this company differs from org.yaml.' });
export type OrgPatch = z.infer<typeof OrgPatch>;

type Source = {
  readonly company: string;
  readonly mission?: string | undefined;
  readonly sandbox?: 'required' | 'none' | undefined;
  readonly product?: ({ readonly slug: string } & Readonly<Record<string, unknown>>) | undefined;
  readonly org?: OrgPatch | undefined;
};

/** All of `given` that org.yaml has a word for, as one patch for `loadPatched`. */
export function patchOf({ company, mission, sandbox, product, org }: Source): Readonly<Record<string, unknown>> {
  const { slug, ...fields } = product ?? { slug: undefined };
  return {
    ...org,
    company,
    ...(mission === undefined ? {} : { mission }),
    ...(sandbox === undefined ? {} : { sandbox }),
    ...(slug === undefined ? {} : { products: { [slug]: fields } }),
  };
}
