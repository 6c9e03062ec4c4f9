import type { Context } from '../cli/context.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { isoInstant } from '../lib/instant.ts';
import type { RecordGapAnswer } from './accept-loss.ts';
import { replaceHsm } from './replace-hsm.ts';

export async function auditAcceptRestore(context: Context, { reason }: { reason: string }): Promise<void> {
  const call = await connect(context);
  const answer = await call<RecordGapAnswer>('POST', '/database/accept-restore', { reason });
  show(context, answer, () => {
    const [from, until] = [answer.issued_from, answer.issued_until].map((at) => isoInstant(at));
    return (
      `Accepted: the audit trail is complete up to event ${answer.last_event}.\n` +
      `Tokens issued from ${from} to ${until} without a record are refused as record_lost.`
    );
  });
}

/** Makes the successors of lost service keys; two persons have yet to enrol them. */
export async function hsmReplace(context: Context): Promise<void> {
  const { former, registryKid, auditKid, lastCheckpoint } = await replaceHsm(context.configFile);
  const answer = {
    former_registry_key: former.registryKid,
    former_audit_key: former.auditKid,
    registry_key: registryKid,
    audit_key: auditKid,
    last_checkpoint: lastCheckpoint,
  };
  show(context, answer, () =>
    [
      `registry key ${registryKid} (before: ${former.registryKid})`,
      `audit key ${auditKid} (before: ${former.auditKid})`,
      `The former audit key counts for checkpoints up to ${lastCheckpoint}.`,
      `They are written into ${context.configFile}. Start the service; two operators enrol them:`,
      'keyward hsm enrol --reason TEXT, then keyward proposal approve ID.',
    ].join('\n'),
  );
}
