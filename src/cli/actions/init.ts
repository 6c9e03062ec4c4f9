import { initialise } from '../../init.ts';
import type { Context } from '../context.ts';
import { intoSecretFile } from '../secret-file.ts';
import { show } from '../show.ts';

/** Makes the registry key and enrols the first operator, whose credential is shown or stored this once. */
export async function init(
  context: Context,
  options: { readonly operator: string; readonly out?: string },
): Promise<void> {
  const start = () => initialise({ configFile: context.configFile, operatorId: options.operator });
  await (options.out === undefined ? onScreen(context, start) : intoFile(context, start, options.out));
}

type Start = () => ReturnType<typeof initialise>;

async function intoFile(context: Context, start: Start, file: string): Promise<void> {
  const registryKid = await intoSecretFile(file, async () => {
    const { operatorCredential, registryKid } = await start();
    return { secret: operatorCredential, result: registryKid };
  });
  show(
    context,
    { registry_kid: registryKid, credential_file: file },
    () =>
      `registry key ${registryKid}, written into ${context.configFile}\nThe operator's credential is in ${file}.`,
  );
}

async function onScreen(context: Context, start: Start): Promise<void> {
  const { operatorCredential, registryKid } = await start();
  show(
    context,
    { registry_kid: registryKid, operator_credential: operatorCredential },
    () => `registry key ${registryKid}, written into ${context.configFile}\n\n${operatorCredential}`,
  );
  context.terminal.warn('this credential is not shown again; --out FILE keeps it off the screen');
}
