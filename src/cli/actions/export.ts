import { documentOf, writeDocument } from '../../provisioning/write-document.ts';
import type { Context } from '../context.ts';
import { connect } from '../operations-client.ts';
import { currentState } from '../../provisioning/cli-plan.ts';
import { show } from '../show.ts';

/** What the service has, in the form that `plan` and `apply` read; with --json as JSON, which they read too. */
export async function exportState(context: Context): Promise<void> {
  const document = documentOf(await currentState(await connect(context)));
  show(context, document, () => writeDocument(document).trimEnd());
}
