import { taskTypes } from './types.ts';
import { writingDuty } from './writing.ts';

/** Server code, pages, pipelines: any file of the product. */
export const writeCode = writingDuty({
  name: 'write-code',
  types: taskTypes['write-code'],
  refusePath: () => undefined,
});
