import { taskTypes } from './types.ts';
import { writingDuty } from './writing.ts';

/** Where documents live: what is written there cannot change what the product does. */
const documents = /^(?:(?:docs|growth)\/.+|README\.md)$/;

/** Guides, announcements, sales material: files in the product's docs/ and growth/. */
export const writeDocuments = writingDuty({
  name: 'write-documents',
  types: taskTypes['write-documents'],
  refusePath: (path) =>
    documents.test(path) && !path.split('/').includes('..')
      ? undefined
      : 'documents go under docs/ or growth/, or into README.md',
});
