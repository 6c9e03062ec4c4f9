import { makeCredential } from '../../../src/kernel/credential.ts';
import { type EventReader, readEvents } from '../../../test/support/event-reader.ts';
import type { RunningService } from '../../../test/support/running-service.ts';
import { type Large, type Row, secondsSince } from './large.ts';

/** What there can be many of. */
export interface Dimension {
  /** Unless others are asked for. */
  readonly sizes: readonly number[];
  /** Adds the nth of them. */
  add(to: Large, n: number): Promise<void>;
  measure(large: Large): Promise<Row>;
  readonly endsAtRestart?: true;
  stop?(): void;
}

const STREAMS_OF_A_CLIENT = 512;

const scopes: Dimension = {
  sizes: [10, 100, 300, 1_000],
  async add({ service, tokens }, n) {
    const id = `scope-${n}`;
    const hsm_token = tokens[n % tokens.length];
    const scope = { id, issuer: 'https://login.example', audience: `https://${id}.example`, hsm_token };
    await service.act('POST', '/v1/admin/scopes', { ...scope, algorithm: 'ES256' });
  },
  async measure(large) {
    const restarted = await large.restart();
    const inventory = () => large.service.act('POST', '/v1/admin/inventory', {});
    return { ...restarted, ...(await large.times(['scope list', 'key list', 'doctor'], { inventory })) };
  },
};

/** Each with a grant. */
const clients: Dimension = {
  sizes: [10, 100, 1_000, 10_000],
  async add({ service }, n) {
    await addVerifier(service, `client-${n}`);
  },
  async measure(large) {
    const restarted = await large.restart();
    return { ...restarted, ...(await large.times(['client list', 'doctor'])) };
  },
};

/** Verifiers that follow the events of one scope. A restart would end them all. */
function streamsOf(): Dimension {
  const readers: EventReader[] = [];
  let credential = '';
  let revoked = 0;
  return {
    sizes: [10, 100, 1_000, 3_000],
    endsAtRestart: true,
    async add({ service }, n) {
      if (readers.length % STREAMS_OF_A_CLIENT === 0)
        credential = await addVerifier(service, `follower-${n}`);
      const url = `${service.dataUrl}/v1/scopes/payments/events`;
      const reader = await readEvents(url, { authorization: `Bearer ${credential}` });
      if (reader.status !== 200) throw new Error(`stream ${n}: ${JSON.stringify(await reader.problem())}`);
      readers.push(reader);
    },
    async measure({ service, memory }) {
      const told = readers.map(untilRevoked);
      const began = performance.now();
      const rule = { scope: 'payments', root: `growth-${revoked++}`, reason: 'measured' };
      await service.act('POST', '/v1/admin/revocations', rule);
      await Promise.all(told);
      return { 'last verifier told after, s': secondsSince(began), ...memory() };
    },
    stop() {
      for (const reader of readers) reader.cancel();
    },
  };
}

async function untilRevoked(reader: EventReader): Promise<void> {
  for (let heard = await reader.next(); heard?.event !== 'revoked'; heard = await reader.next()) {
    if (!heard) throw new Error('a stream ended');
  }
}

async function addVerifier(service: RunningService, id: string): Promise<string> {
  const { text, digest } = makeCredential('svc');
  const credential_digest = digest.toString('base64url');
  await service.act('POST', '/v1/admin/clients', { id, description: 'measured', credential_digest });
  await service.act('POST', '/v1/admin/grants', { client: id, scope: 'payments', action: 'verify' });
  return text;
}

export const DIMENSIONS = { scopes, clients, streams: streamsOf() } as const;
export type DimensionName = keyof typeof DIMENSIONS;
