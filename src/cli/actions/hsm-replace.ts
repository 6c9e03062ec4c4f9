import { replaceHsm } from '../../restore/replace-hsm.ts';
import type { Context } from '../context.ts';
import { show } from '../show.ts';

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
