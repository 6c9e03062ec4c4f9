import { loadConfig } from '../../config.ts';
import { serve as run } from '../../main.ts';
import type { Context } from '../context.ts';

/** Returns once the service has drained. */
export async function serve(context: Context): Promise<void> {
  await run(loadConfig(context.configFile), context.environment);
}
