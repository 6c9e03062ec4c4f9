import { documentJsonSchema } from '../../provisioning/json-schema.ts';
import type { Context } from '../context.ts';

/** JSON either way. */
export async function schema({ terminal }: Context): Promise<void> {
  terminal.print(JSON.stringify(documentJsonSchema(), null, 2));
}
