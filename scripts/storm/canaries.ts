import { setTimeout as wait } from 'node:timers/promises';
import pkcs11js from 'pkcs11js';
import { makeCredential } from '../../src/kernel/credential.ts';
import type { Attack } from './attack.ts';
import type { Stage } from './stage.ts';

/** What a thief finds first is what was put there for him. */
export const canaryCredential: Attack = {
  name: 'decoy credential tried',
  async play({ service, mail }) {
    const { text, digest } = makeCredential('svc');
    const { canary } = await service.act('POST', '/v1/admin/canaries', {
      kind: 'credential',
      planted: 'home of the build user',
      credential_digest: digest.toString('base64url'),
    });
    const since = performance.now();
    const { body } = await service.data('POST', `/v1/scopes/${mail.id}/tokens`, text, {
      claims: { sub: 'a' },
    });
    return {
      refused: `token for ${mail.id}: ${body.code}`,
      failed: body.code === 'credential_invalid',
      leaves: ({ type, evidence }) => type === 'canary.touched' && evidence.canary === canary.id,
      since,
    };
  },
};

/** A token that looks like anybody's, and was revoked before it lay there. */
export const canaryToken: Attack = {
  name: 'decoy token shown',
  async play(stage) {
    const { service, mail } = stage;
    const { canary, token } = await service.act('POST', '/v1/admin/canaries', {
      kind: 'token',
      planted: 'environment of the wiki',
      scope: mail.id,
      client: `${mail.id}-sign`,
      claims: { sub: 'svc-backup' },
    });
    const since = performance.now();
    const { valid, reason } = await stage.verify(mail, token);
    return {
      refused: `token by ${mail.id}: ${reason}`,
      failed: !valid,
      leaves: ({ type, evidence }) => type === 'canary.touched' && evidence.canary === canary.id,
      since,
    };
  },
};

/** Of the keys in the HSM with the label of the scope, the intruder takes the wrong one, and writes the kid that is published. */
export const canaryKey: Attack = {
  name: 'decoy key signed with',
  async play(stage) {
    const { service, mail, intruder } = stage;
    const before = await untoldKeys(stage);
    const { canary } = await service.act('POST', '/v1/admin/canaries', {
      kind: 'key',
      planted: 'HSM token primary',
      scope: mail.id,
    });
    const taken = await newUntoldKey(stage, before);
    const published = await stage.key(mail, 'active');
    const since = performance.now();
    const token = await stage.forge(intruder, { ...published, hsm_id: taken }, mail);
    const { valid, reason } = await stage.verify(mail, token);
    return {
      refused: `token by ${mail.id}: ${reason}`,
      failed: !valid,
      leaves: ({ type, evidence }) => type === 'canary.touched' && evidence.canary === canary.id,
      since,
    };
  },
};

/** The decoy; a key that a rotation is just making is not told of yet either, and soon will be. */
async function newUntoldKey(stage: Stage, before: readonly string[]): Promise<string> {
  for (;;) {
    const [taken, ...more] = (await untoldKeys(stage)).filter((id) => !before.includes(id));
    if (taken === undefined) throw new Error('the decoy key is not in the HSM');
    if (more.length === 0) return taken;
    await wait(100);
  }
}

/** The ids of those that the service does not tell of. */
async function untoldKeys({ service, intruder }: Stage): Promise<string[]> {
  const inHsm = await intruder.ids(pkcs11js.CKO_PRIVATE_KEY);
  const { body } = await service.operations('GET', '/v1/admin/keys');
  const told = new Set((body.keys as readonly { readonly hsm_id: string }[]).map(({ hsm_id }) => hsm_id));
  return inHsm.filter((id) => !told.has(id));
}
