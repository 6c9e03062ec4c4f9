import type { Context } from './context.ts';

/** The service's answer as it is with `--json`, else what `human` makes of it. */
export function show(context: Context, answer: unknown, human: () => string): void {
  context.terminal.print(context.options.json ? JSON.stringify(answer, null, 2) : human());
}
