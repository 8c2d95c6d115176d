// Task records of other versions. A record says which version of its shape it has; one that says nothing has the first.
// Whoever changes the shape so that older records no longer fit raises TASK_VERSION and adds one line to the table.

/** The version this build writes. */
const TASK_VERSION = 1;

/** How a record of an older version becomes one of this. What is not in the table is not read, and not guessed at. */
const migrations: ReadonlyMap<number, (record: object) => object> = new Map([[TASK_VERSION, (record) => record]]);

type Migrated = { readonly ok: true; readonly record: unknown } | { readonly ok: false; readonly reason: string };

/** A task record as it was stored, as one of this version; what is no record at all is given back for the schema to refuse. */
export function migrateTask(record: unknown): Migrated {
  if (typeof record !== 'object' || record === null || !('version' in record)) return { ok: true, record };
  const { version, ...rest } = record;
  const migrate = typeof version === 'number' ? migrations.get(version) : undefined;
  if (migrate) return { ok: true, record: migrate(rest) };
  const reads = [...migrations.keys()].join(', ');
  return { ok: false, reason: `a task record of version ${JSON.stringify(version)}; this build reads ${reads}` };
}
