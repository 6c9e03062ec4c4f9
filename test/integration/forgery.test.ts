import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forgeToken, keyThat } from '../support/forge-token.ts';
import { openWorkbench, type Workbench } from '../support/hsm-workbench.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { auditEventsOf, queryStore } from '../support/service-store.ts';

interface ScopeAtWork {
  readonly id: string;
  readonly credentials: { readonly sign: string; readonly verify: string };
}

let service: RunningService;
/** Somebody with the PIN, in a process of their own, who asks the HSM past the service. */
let thief: Workbench;
let watched: ScopeAtWork;
let suspending: ScopeAtWork;

beforeAll(async () => {
  service = await startService();
  watched = await aScope('watched', {});
  suspending = await aScope('suspending', { suspend_on_forgery: true });
  thief = await openWorkbench(service.hsm);
});

afterAll(async () => {
  await thief.stop();
  await service.remove();
});

async function aScope(id: string, policy: object): Promise<ScopeAtWork> {
  return { id, credentials: await service.provision({ id, policy }) };
}

const keyOf = ({ id }: ScopeAtWork, state: string) => keyThat(service, id, state);
const forge = ({ id }: ScopeAtWork, claims: object = {}) => forgeToken(service, thief, id, claims);

const verify = async ({ id, credentials }: ScopeAtWork, token: string) =>
  (await service.data('POST', `/v1/scopes/${id}/verify`, credentials.verify, { token })).body;

const issue = async ({ id, credentials }: ScopeAtWork) =>
  (await service.data('POST', `/v1/scopes/${id}/tokens`, credentials.sign, { claims: { sub: 'alice' } }))
    .body;

/** Forgeries as stored, the oldest first; what detections make of the same tokens comes beside them. */
const events = () =>
  queryStore(service, "SELECT * FROM security_events WHERE type = 'token.never_issued' ORDER BY sequence");

describe('a token signed straight through PKCS#11 with the service’s own key', () => {
  it('is never issued, while the service’s own are good, and is one critical event however often it comes', async () => {
    const token = await forge(watched);
    expect(await verify(watched, (await issue(watched)).token)).toMatchObject({ valid: true });
    expect(await events()).toEqual([]);
    for (let time = 0; time < 3; time++) {
      expect(await verify(watched, token)).toEqual({ valid: false, reason: 'never_issued' });
    }
    const { kid } = await keyOf(watched, 'active');
    const digest = createHash('sha256')
      .update(token.slice(0, token.lastIndexOf('.')))
      .digest('base64url');
    expect(await events()).toMatchObject([
      {
        type: 'token.never_issued',
        severity: 'critical',
        dedup_key: JSON.stringify([digest]),
        subject: `key:${kid}`,
      },
    ]);
    const raised = (await auditEventsOf(service)).filter(
      ({ details }) => details.type === 'token.never_issued',
    );
    expect(raised).toMatchObject([
      {
        type: 'security_event.raised',
        actor: 'keyward',
        subject: `key:${kid}`,
        details: { severity: 'critical', dedup_key: JSON.stringify([digest]) },
      },
    ]);
  });

  it('is inactive for introspection', async () => {
    const { id, credentials } = watched;
    const answer = await fetch(`${service.dataUrl}/v1/scopes/${id}/introspect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${credentials.verify}` },
      body: new URLSearchParams({ token: await forge(watched) }),
    });
    expect(await answer.json()).toEqual({ active: false });
    expect(await events()).toHaveLength(2);
  });

  it('leaves header and claims as evidence, and no signature anywhere', async () => {
    const token = await forge(watched, { sub: 'mallory-9' });
    await verify(watched, token);
    const evidence = JSON.parse((await events()).at(-1)?.evidence_json as string);
    expect(evidence).toMatchObject({
      scope: 'watched',
      header: { alg: 'ES256', typ: 'at+jwt' },
      claims: { sub: 'mallory-9' },
      record: null,
    });
    const signature = token.slice(token.lastIndexOf('.') + 1);
    const everything = JSON.stringify([await events(), await auditEventsOf(service), service.log]);
    expect(everything).not.toContain(signature);
    expect(JSON.stringify([await auditEventsOf(service), service.log])).not.toContain('mallory-9');
  });

  it('is found whatever else is wrong with it', async () => {
    const before = (await events()).length;
    const now = Math.floor(Date.now() / 1000);
    expect(await verify(watched, await forge(watched, { exp: now + 40_000 }))).toMatchObject({
      reason: 'never_issued',
    });
    expect(await verify(watched, await forge(watched, { iat: now - 900, exp: now - 600 }))).toMatchObject({
      reason: 'never_issued',
    });
    expect(await events()).toHaveLength(before + 2);
  });

  it('leaves the key in use where the policy does not say otherwise', async () => {
    const { keys } = (await service.operations('GET', '/v1/admin/keys?scope=watched')).body;
    expect(keys.map(({ state }: { state: string }) => state).sort()).toEqual(['active', 'pre_activation']);
  });

  it('takes its key out of use, and the standby signs, by the time it is answered', async () => {
    const [active, standby] = [await keyOf(suspending, 'active'), await keyOf(suspending, 'pre_activation')];
    const before = (await events()).length;
    const honest = (await issue(suspending)).token;
    const token = await forge(suspending);
    expect(await verify(suspending, token)).toEqual({ valid: false, reason: 'never_issued' });
    expect(await keyOf(suspending, 'suspended')).toMatchObject({ kid: active.kid });
    expect(await keyOf(suspending, 'active')).toMatchObject({ kid: standby.kid });
    expect(await verify(suspending, token)).toEqual({ valid: false, reason: 'key_suspended' });
    expect(await verify(suspending, honest)).toEqual({ valid: false, reason: 'key_suspended' });
    const fresh = await issue(suspending);
    expect(fresh.kid).toBe(standby.kid);
    expect(await verify(suspending, fresh.token)).toMatchObject({ valid: true });
    expect(await events()).toHaveLength(before + 1);
    expect((await auditEventsOf(service)).filter(({ type }) => type === 'key.suspended')).toMatchObject([
      { actor: 'keyward', subject: `key:${active.kid}`, details: { promoted: standby.kid } },
    ]);
    const { body: keySet } = await service.data('GET', '/scopes/suspending/jwks.json');
    expect(keySet.keys.map(({ kid }: { kid: string }) => kid)).toContain(standby.kid);
    expect(keySet.keys.map(({ kid }: { kid: string }) => kid)).not.toContain(active.kid);
  });

  it('has a new standby made once the key is out of use', async () => {
    await service.logged(({ msg, chore }) => msg === 'done' && chore === 'standby suspending');
    const { kid } = await keyOf(suspending, 'pre_activation');
    const { body: keySet } = await service.data('GET', '/scopes/suspending/jwks.json');
    expect(keySet.keys.map((key: { kid: string }) => key.kid)).toContain(kid);
  });

  it('keeps the key out of use over a restart', async () => {
    const { kid } = await keyOf(suspending, 'suspended');
    service = await service.restart();
    expect(await keyOf(suspending, 'suspended')).toMatchObject({ kid });
    expect((await issue(suspending)).kid).not.toBe(kid);
  });
});

describe('what is no forgery', () => {
  it('is a digest that nobody knows: a thousand of them raise nothing', async () => {
    const before = (await events()).length;
    const sightings = Array.from({ length: 1_000 }, () => ({
      digest: randomBytes(32).toString('base64url'),
      iat: Math.floor(Date.now() / 1000),
    }));
    const { id, credentials } = watched;
    const answer = await service.data('POST', `/v1/scopes/${id}/sightings`, credentials.verify, {
      sightings,
    });
    expect(answer.status).toBe(200);
    expect(answer.body.unknown).toHaveLength(1_000);
    expect(await events()).toHaveLength(before);
  });

  it('is a token whose signature is wrong, though it was never issued', async () => {
    const before = (await events()).length;
    const token = await forge(watched);
    const altered = `${token.slice(0, -4)}AAAA`;
    expect(await verify(watched, altered)).toEqual({ valid: false, reason: 'bad_signature' });
    expect(await events()).toHaveLength(before);
  });
});
