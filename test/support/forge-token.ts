import { createHash, randomBytes } from 'node:crypto';
import type { Workbench } from './hsm-workbench.ts';
import type { RunningService } from './running-service.ts';

type Keys = Record<string, string>[];

export async function keyThat(
  { operations }: Pick<RunningService, 'operations'>,
  scope: string,
  state: string,
): Promise<Record<string, string>> {
  const { keys } = (await operations('GET', `/v1/admin/keys?scope=${scope}`)).body as { keys: Keys };
  const key = keys.find((candidate) => candidate.state === state);
  if (!key) throw new Error(`no key of ${scope} is ${state}`);
  return key;
}

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

/**
 * What the service itself would have issued for that scope, but for its never having done so: signed straight
 * through PKCS#11 with the service's own key.
 */
export async function forgeToken(
  service: Pick<RunningService, 'operations'>,
  thief: Pick<Workbench, 'sign'>,
  scope: string,
  claims: object = {},
): Promise<string> {
  const { kid, hsm_id } = await keyThat(service, scope, 'active');
  const now = Math.floor(Date.now() / 1000);
  const who = { iss: 'https://login.example', aud: `https://${scope}.example`, sub: 'mallory' };
  const times = { iat: now, nbf: now - 30, exp: now + 300, jti: randomBytes(16).toString('base64url') };
  const signingInput = [
    { alg: 'ES256', typ: 'at+jwt', kid },
    { ...who, ...times, client_id: `${scope}-sign`, ...claims },
  ]
    .map(encode)
    .join('.');
  const digest = createHash('sha256').update(signingInput).digest();
  const signature = await thief.sign(hsm_id as string, digest);
  return `${signingInput}.${signature.toString('base64url')}`;
}
