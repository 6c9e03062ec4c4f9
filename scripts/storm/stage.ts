import { createHash, randomBytes } from 'node:crypto';
import { createVerifier, TokenRefused } from '../../src/client/index.ts';
import { type HeardEvent, readEvents } from '../../test/support/event-reader.ts';
import { openWorkbench, type Workbench } from '../../test/support/hsm-workbench.ts';
import { type RunningService, startService } from '../../test/support/running-service.ts';
import { copySoftHsm } from '../../test/support/softhsm.ts';

export interface ScopeOnStage {
  readonly id: string;
  readonly sign: string;
  readonly verify: string;
}

interface StagedKey {
  readonly kid: string;
  readonly hsm_id: string;
  readonly state: string;
  readonly sign_until: number;
}

/** Where the attacks are played: a service of its own, two scopes, and somebody with the PIN of its HSM token. */
export interface Stage {
  readonly service: RunningService;
  /** The system that the stolen key was made for in 2023, and the one that it opened. */
  readonly consumers: ScopeOnStage;
  readonly mail: ScopeOnStage;
  /** Works in the HSM itself. */
  readonly intruder: Workbench;
  /** Has a copy of the HSM token, as it was before anything happened. */
  readonly thief: Workbench;
  key(scope: ScopeOnStage, state: string): Promise<StagedKey>;
  /** Signs through PKCS#11, past the service, what a token of `claimsOf` would say. */
  forge(by: Workbench, key: StagedKey, claimsOf: ScopeOnStage): Promise<string>;
  /** What the service answers a relying service of that scope. */
  verify(scope: ScopeOnStage, token: string): Promise<{ readonly valid: boolean; readonly reason?: string }>;
  /** Why a verifier in the relying service's own process refuses it; undefined where it does not. */
  offline(scope: ScopeOnStage, token: string): Promise<string | undefined>;
  /** Settles with the first security event, raised before or yet to come, that fits; undefined after ten seconds. */
  raised(fits: (event: StagedEvent) => boolean): Promise<HeardAt | undefined>;
  close(): Promise<void>;
}

export interface StagedEvent {
  readonly type: string;
  readonly severity: string;
  readonly evidence: Readonly<Record<string, unknown>>;
}

export interface HeardAt {
  readonly event: StagedEvent;
  /** By `performance.now()`. */
  readonly at: number;
}

const PATIENCE_MS = 10_000;

export async function openStage(): Promise<Stage> {
  // Without a grace, the window of a key ends with the rotation.
  const service = await startService({
    config: { keys: { grace_seconds: 0 }, clock: { settle_seconds: 0 } },
  });
  const scope = async (id: string): Promise<ScopeOnStage> => ({ id, ...(await service.provision({ id })) });
  const consumers = await scope('consumers');
  const mail = await scope('mail');
  const intruder = await openWorkbench(service.hsm);
  const copy = copySoftHsm(service.hsm);
  const thief = await openWorkbench(copy);
  const events = await followEvents(service);
  return {
    service,
    consumers,
    mail,
    intruder,
    thief,
    async key({ id }, state) {
      const { body } = await service.operations('GET', `/v1/admin/keys?scope=${id}`);
      const found = (body.keys as StagedKey[]).find((key) => key.state === state);
      if (!found) throw new Error(`no key of ${id} is ${state}`);
      return found;
    },
    forge,
    verify: async ({ id, verify }, token) =>
      (await service.data('POST', `/v1/scopes/${id}/verify`, verify, { token })).body,
    offline: (scope, token) => offlineRefusal(service.dataUrl, scope, token),
    raised: (fits) => events.first(fits),
    async close() {
      events.stop();
      await Promise.all([intruder.stop(), thief.stop()]);
      copy.remove();
      await service.remove();
    },
  };
}

/** As of a service that has just started, so that it has the key set of now. */
async function offlineRefusal(url: string, { id, verify }: ScopeOnStage, token: string) {
  const who = { issuer: 'https://login.example', audience: `https://${id}.example` };
  const verifier = createVerifier({ url, scope: id, ...who, credential: verify });
  try {
    await verifier.verify(token);
    return undefined;
  } catch (error) {
    if (error instanceof TokenRefused) return error.reason;
    throw error;
  } finally {
    await verifier.close();
  }
}

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

async function forge(by: Workbench, { kid, hsm_id }: StagedKey, { id }: ScopeOnStage): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: 'https://login.example',
    aud: `https://${id}.example`,
    sub: 'secretary',
    iat: now,
    exp: now + 300,
    jti: randomBytes(16).toString('base64url'),
    client_id: `${id}-sign`,
  };
  const signingInput = `${encode({ alg: 'ES256', typ: 'at+jwt', kid })}.${encode(claims)}`;
  const signature = await by.sign(hsm_id, createHash('sha256').update(signingInput).digest());
  return `${signingInput}.${signature.toString('base64url')}`;
}

/** Listens as an operator’s console does, and remembers when it heard what. */
async function followEvents({ operationsUrl, operator }: RunningService) {
  const heard: HeardAt[] = [];
  const waiting = new Set<(heard: HeardAt) => void>();
  const reader = await readEvents(`${operationsUrl}/v1/admin/events/stream`, {
    authorization: `Bearer ${operator}`,
  });
  const listen = async (): Promise<void> => {
    for (let next = await reader.next(); next; next = await reader.next()) {
      if (next.event !== 'raised') continue;
      const told = { event: (next as HeardEvent).data.event as StagedEvent, at: performance.now() };
      heard.push(told);
      for (const report of waiting) report(told);
    }
  };
  const listening = listen().catch(() => {});
  return {
    first: (fits: (event: StagedEvent) => boolean): Promise<HeardAt | undefined> => {
      const known = heard.find(({ event }) => fits(event));
      if (known) return Promise.resolve(known);
      return new Promise((resolve) => {
        const end = (found: HeardAt | undefined) => {
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found);
        };
        const look = (told: HeardAt) => fits(told.event) && end(told);
        const timer = setTimeout(() => end(undefined), PATIENCE_MS);
        waiting.add(look);
      });
    },
    stop() {
      reader.cancel();
      void listening;
    },
  };
}
