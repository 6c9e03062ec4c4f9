import type { Context } from '../context.ts';
import { storeCredential } from '../new-credential.ts';
import { operationsUrl } from '../operations-url.ts';
import { showPlainly } from '../show.ts';

/** For whoever is going to be an operator: makes their credential, which nobody else ever sees. */
export async function operatorEnrol(context: Context, { out }: { readonly out: string }): Promise<void> {
  const { origin } = await operationsUrl(context);
  const credential_digest = storeCredential('ops', out, origin);
  const told = `Your credential is in ${out}, for ${origin} alone. Tell this to whoever enrols you, and to whoever approves it:`;
  showPlainly(context, { credential_digest, credential_file: out }, () => `${told}\n${credential_digest}`);
}
