import { renameSync } from 'node:fs';
import pkcs11js from 'pkcs11js';
import { openWorkbench } from '../../test/support/hsm-workbench.ts';
import { createSoftHsm, type SoftHsm } from '../../test/support/softhsm.ts';
import type { Fault } from './fault.ts';
import { type Stage, waitUntil } from './stage.ts';

const away = (path: string) => `${path}.away`;
const killSigner = ({ service }: Stage): void => void process.kill(service.signerPid(), 'SIGKILL');

/** Longer than the service waits before it tells of an HSM that is away. */
const PAST_PATIENCE_SECONDS = 15;

/** Ten until the standby takes over, and what noticing and the change take. */
const FAILOVER_SECONDS = 12;
const furtherTokens: SoftHsm[] = [];

interface ListedKey {
  readonly kid: string;
  readonly hsm_id: string;
  readonly state: string;
  readonly proof: { readonly status: string };
}

async function keyIn({ service }: Stage, state: string): Promise<ListedKey> {
  const { body } = await service.operations('GET', '/v1/admin/keys?scope=payments');
  const found = (body.keys as ListedKey[]).find((key) => key.state === state);
  if (!found) throw new Error(`no key is ${state}`);
  return found;
}

export const hsmFaults: readonly Fault[] = [
  { name: 'the signer is killed', inject: killSigner, events: [] },
  {
    name: 'the signer hangs',
    inject: ({ service }) => void process.kill(service.signerPid(), 'SIGSTOP'),
    events: [],
  },
  {
    name: 'the files of the HSM token are away',
    inject(stage) {
      renameSync(stage.service.hsm.tokenFolder, away(stage.service.hsm.tokenFolder));
      killSigner(stage);
    },
    mend: ({ service: { hsm } }) => renameSync(away(hsm.tokenFolder), hsm.tokenFolder),
    seconds: PAST_PATIENCE_SECONDS,
    events: ['hsm.unavailable'],
  },
  {
    name: 'an HSM token is removed for good, with standbys on another: after 12 s',
    async options() {
      const further = await createSoftHsm('issuer-b');
      furtherTokens.push(further);
      return { furtherTokens: { 'issuer-b': further } };
    },
    scope: { standby_token: 'issuer-b' },
    clear: () => furtherTokens.pop()?.remove(),
    inject({ service }) {
      renameSync(service.hsm.tokenFolder, away(service.hsm.tokenFolder));
    },
    seconds: FAILOVER_SECONDS,
    events: ['hsm.failed_over'],
  },
  {
    name: 'the PIN file is away while the signer restarts',
    inject(stage) {
      renameSync(stage.service.hsm.settings.pinFile, away(stage.service.hsm.settings.pinFile));
      killSigner(stage);
    },
    mend: ({ service: { hsm } }) => renameSync(away(hsm.settings.pinFile), hsm.settings.pinFile),
    seconds: PAST_PATIENCE_SECONDS,
    events: ['hsm.unavailable'],
  },
  {
    name: 'the standby is gone from the HSM, and its scope is compromised',
    async inject(stage) {
      const standby = await keyIn(stage, 'pre_activation');
      const workbench = await openWorkbench(stage.service.hsm);
      await workbench.destroy(standby.hsm_id, pkcs11js.CKO_PRIVATE_KEY);
      await workbench.destroy(standby.hsm_id, pkcs11js.CKO_PUBLIC_KEY);
      await workbench.stop();
      killSigner(stage);
      await waitUntil(async () => (await keyIn(stage, 'pre_activation')).proof.status !== 'proven', 60_000);
      const active = await keyIn(stage, 'active');
      const path = `/v1/admin/keys/${active.kid}/compromise`;
      await stage.service.operations('POST', path, { reason: 'a drill of faults' });
    },
    events: ['key.missing'],
  },
];
