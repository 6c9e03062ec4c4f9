import { setTimeout as pause } from 'node:timers/promises';
import type { RunningService } from '../../test/support/running-service.ts';
import { measureLoad } from './load-cells.ts';
import { type Party, partyOf } from './parties.ts';
import type { Sample } from './rounds.ts';
import { demandValid, issueTokens, verdict } from './tokens.ts';
import { CLAIMS } from './wrk.ts';

/** The first is what the others are compared with. */
export const INCIDENTS = ['no incident', 'rotation', 'compromise'] as const;
export type Incident = (typeof INCIDENTS)[number];

const CONNECTIONS = 64;
const QUIET_MS = 1_000;
const POLL_MS = 5;
const GIVE_UP_MS = 30_000;

/** Of a new scope. Tokens are asked for all the time; after a second its key is rotated or declared compromised. */
export async function measureIncident(
  service: RunningService,
  incident: Incident,
  round: number,
  seconds: number,
): Promise<Sample> {
  const id = `${incident.replace(' ', '-')}-${round}`;
  const party = partyOf('Keyward', service, id, await service.provision({ id }));
  await untilStandby(service, id);
  const [token = ''] = await issueTokens(party, 1);
  await demandValid(party, token);
  const load = measureLoad(party, { ...party.issue, seconds, connections: CONNECTIONS, bodies: [CLAIMS] });
  if (incident === 'no incident') return load;
  await pause(QUIET_MS);
  if (incident === 'rotation') {
    await service.act('POST', `/v1/admin/scopes/${id}/rotate`, { reason: 'benchmark' });
    return load;
  }
  const kid = await keyOf(service, id, 'active');
  const began = performance.now();
  const act = service.act('POST', `/v1/admin/keys/${kid}/compromise`, { reason: 'benchmark' });
  const refusedAfterMs = await untilRefused(party, token, began);
  await act;
  return { ...(await load), refusedAfterMs };
}

async function keyOf({ operations }: RunningService, scope: string, state: string) {
  const { body } = await operations('GET', `/v1/admin/keys?scope=${scope}`);
  return body.keys.find((key: { state: string }) => key.state === state)?.kid as string | undefined;
}

async function untilStandby(service: RunningService, scope: string): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS;
  while ((await keyOf(service, scope, 'pre_activation')) === undefined) {
    if (performance.now() > deadline) throw new Error(`${scope} has no standby key`);
    await pause(50);
  }
}

async function untilRefused(party: Party, token: string, began: number): Promise<number> {
  for (;;) {
    const { valid } = await verdict(party, token);
    const elapsed = performance.now() - began;
    if (!valid) return elapsed;
    if (elapsed > GIVE_UP_MS) throw new Error('the token is still accepted');
    await pause(POLL_MS);
  }
}
