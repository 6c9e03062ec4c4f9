import { loadConfig } from '../config.ts';
import { serve as run } from '../serve.ts';
import type { Context } from './context.ts';

const UNREAD_MS = 2_000;

/** Returns once the service has drained. */
export async function serve(context: Context): Promise<void> {
  await run(loadConfig(context.configFile), context.environment);
  // Left to itself, Node puts signals back first: a hangup then would still end the process as a failure.
  process.once('beforeExit', () => process.exit());
  // What nobody reads of the log would keep the process from ending.
  setTimeout(() => process.exit(), UNREAD_MS).unref();
}
