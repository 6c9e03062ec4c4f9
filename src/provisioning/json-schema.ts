import { z } from 'zod';
import { document } from './document.ts';

/** The schema of a provisioning file for editors: JSON Schema draft 7, which most of them read. */
export function documentJsonSchema(): object {
  return z.toJSONSchema(document, { target: 'draft-7', io: 'input' });
}
