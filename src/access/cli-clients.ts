import type { ClientAnswer } from '../cli/answers.ts';
import type { Context } from '../cli/context.ts';
import { describeClient } from '../cli/describe-client.ts';
import { withNewCredential } from '../cli/new-credential.ts';
import { type CallService, connect } from '../cli/operations-client.ts';
import { proposalIn, show } from '../cli/show.ts';

interface Created {
  readonly client: ClientAnswer;
  readonly credential?: string;
}

type Ask = (credential: { readonly credential_digest?: string }) => Promise<Created>;

/**
 * The credential is made here, into `out`, and nobody else is told it; without `out` the service makes it, to be
 * shown on standard output, this once.
 */
export async function clientCreate(
  context: Context,
  id: string,
  { description = '', out }: { readonly description?: string; readonly out?: string },
): Promise<void> {
  const call = await connect(context);
  await enrol(context, out, (credential) =>
    call<Created>('POST', '/clients', { id, description, ...credential }),
  );
}

/** A new one in place of the one it has. */
export async function clientCredential(
  context: Context,
  id: string,
  { out }: { readonly out?: string },
): Promise<void> {
  const call: CallService = await connect(context);
  const path = `/clients/${encodeURIComponent(id)}/credential`;
  await enrol(context, out, (credential) => call<Created>('POST', path, credential));
}

async function enrol(context: Context, out: string | undefined, ask: Ask): Promise<void> {
  if (out === undefined) return onScreen(context, await ask({}));
  const answer = await withNewCredential('svc', out, (credential_digest) => ask({ credential_digest }));
  show(
    context,
    { ...answer, credential_file: out },
    () => `${describeClient(answer.client, context)}\n\nIts credential is in ${out}.`,
  );
  if (proposalIn(answer)) context.terminal.warn(`${out} is of use once the proposal is approved`);
}

function onScreen(context: Context, created: Created): void {
  show(context, created, () => `${describeClient(created.client, context)}\n\n${created.credential}`);
  context.terminal.warn('this credential is not shown again; --out FILE keeps it off the screen');
}
