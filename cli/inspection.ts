// `--inspect`: the relay that shows every actor to the Stately inspector, on loopback.

import type { InspectionEvent } from 'xstate';
import { startInspector } from '../dashboard/inspector.ts';

export type Inspection = {
  readonly url: string;
  readonly observe: (event: InspectionEvent) => void;
  close(): Promise<void>;
};

/** @param redact removes secrets from what goes out */
export async function openInspection(redact: (text: string) => string): Promise<Inspection> {
  const inspector = await startInspector({ redact });
  return { url: inspector.url, observe: (event) => inspector.observe(event), close: () => inspector.close() };
}
