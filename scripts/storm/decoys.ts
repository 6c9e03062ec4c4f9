import { makeCredential } from '../../src/domain/credential.ts';
import type { Attack } from './attack.ts';

/** What a thief finds first is what was put there for him. */
export const decoyCredential: Attack = {
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
export const decoyToken: Attack = {
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
