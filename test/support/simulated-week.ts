import type { Fact } from '../../src/kernel/activity.ts';
import { seededRandom } from './seeded-random.ts';

export const DAY = 86_400;
export const WEEK = 7 * DAY;
/** A Monday, 00:00 UTC. */
export const MONDAY = 1_799_625_600;

interface Caller {
  readonly id: string;
  readonly scope: string;
  /** Tokens in the busiest minute of a working day. */
  readonly busiest: number;
  /** Its part of what it does on a working day, on Saturday and Sunday. */
  readonly weekend: number;
  /** First octets of where it is at home. */
  readonly home: string;
  readonly since: number;
}

const IDENTITY_SERVICES: readonly Caller[] = [
  { id: 'login-web', scope: 'web', busiest: 240, weekend: 0.5, home: '10.1', since: 0 },
  { id: 'login-mobile', scope: 'mobile', busiest: 400, weekend: 0.9, home: '10.2', since: 0 },
  { id: 'partner-gateway', scope: 'partners', busiest: 90, weekend: 0.05, home: '192.0', since: 0 },
  { id: 'batch', scope: 'reports', busiest: 12, weekend: 0.2, home: '10.9', since: 0 },
  { id: 'kiosk', scope: 'web', busiest: 3, weekend: 1, home: '2001:db8', since: 0 },
];
const RELYING_SERVICES = ['web-api', 'mobile-api', 'mail'];
/** The client that comes in the middle of a week. */
const NEWCOMER: Caller = {
  id: 'loyalty',
  scope: 'partners',
  busiest: 60,
  weekend: 0.6,
  home: '10.40',
  since: 0,
};

/** When a minute of ordinary traffic has a deploy in it: some clients restart elsewhere, and ask for all at once. */
const DEPLOYS = [DAY + 14 * 3_600, 3 * DAY + 10 * 3_600 + 1_800];
const DEPLOY_MINUTES = 4;

/**
 * The facts of ordinary traffic, minute by minute, `seconds` long from a Monday on: quiet nights and busy noons, weak
 * weekends, two deploys a week, mistakes such as expired tokens and stale secrets, and after `newcomerAt` seconds one
 * client that nobody has seen before. The same seed gives the same facts.
 */
export function* ordinaryTraffic(options: {
  readonly seed: number;
  readonly seconds: number;
  readonly newcomerAt: number;
}): Generator<readonly Fact[]> {
  const random = seededRandom(options.seed);
  const callers = [...IDENTITY_SERVICES, { ...NEWCOMER, since: options.newcomerAt }];
  for (let second = 0; second < options.seconds; second += 60) {
    const at = MONDAY + second;
    const deploy = DEPLOYS.some(
      (start) => second % WEEK >= start && second % WEEK < start + DEPLOY_MINUTES * 60,
    );
    const facts: Fact[] = [];
    for (const caller of callers.filter(({ since }) => since <= second)) {
      facts.push(...ofIdentityService(caller, { at, second, deploy, random }));
    }
    for (const client of RELYING_SERVICES) facts.push(...ofRelyingService(client, { at, second, random }));
    yield facts;
  }
}

interface Minute {
  readonly at: number;
  readonly second: number;
  readonly random: () => number;
}

function ofIdentityService(
  { id, scope, busiest, weekend, home }: Caller,
  { at, second, deploy, random }: Minute & { deploy: boolean },
): Fact[] {
  const count = about(busiest * shareOf(second, weekend) * (deploy ? 2.5 : 1), random);
  if (count === 0) return [];
  const caller = `client:${id}`;
  // With each deploy it runs on other machines of the same site.
  const machine = Math.floor(second / (3.5 * DAY)) % 5;
  const remote = home.includes(':')
    ? `${home}:${machine}::7`
    : `${home}.${machine}.${1 + Math.floor(random() * 9)}`;
  const facts: Fact[] = [
    { kind: 'authenticated', at, count, caller, remote },
    { kind: 'issued', at, count, client: id, scope },
  ];
  if (deploy && random() < 0.5) {
    const stale = 1 + Math.floor(random() * 4);
    facts.push({
      kind: 'refused',
      at,
      count: stale,
      plane: 'data',
      code: 'credential_invalid',
      caller: null,
      remote,
    });
  }
  if (random() < 0.001) {
    facts.push({
      kind: 'refused',
      at,
      count: 1,
      plane: 'data',
      code: 'credential_malformed',
      caller: null,
      remote,
    });
  }
  return facts;
}

function ofRelyingService(client: string, { at, second, random }: Minute): Fact[] {
  const count = about(30 * shareOf(second, 0.5), random);
  const verified = {
    kind: 'verified',
    at,
    client,
    scope: 'web',
    suspiciousHeader: null,
    token: null,
  } as const;
  const facts: Fact[] = [
    { kind: 'authenticated', at, count: count + 1, caller: `client:${client}`, remote: '10.7.0.12' },
    { ...verified, count: count + 1, reason: null },
  ];
  if (random() < 0.05) facts.push({ ...verified, count: 1, reason: 'expired' });
  if (random() < 0.01) facts.push({ ...verified, count: 1, reason: 'malformed' });
  if (random() < 0.01) facts.push({ ...verified, count: 2, reason: 'revoked' });
  return facts;
}

/** The share of its busiest minute that a caller has then: least at four in the morning, most at four in the afternoon. */
function shareOf(second: number, weekend: number): number {
  const hour = (second % DAY) / 3_600;
  const rhythm = 0.55 - 0.45 * Math.cos(((hour - 4) / 24) * 2 * Math.PI);
  return rhythm * (second % WEEK >= 5 * DAY ? weekend : 1);
}

/** Poisson by the normal approximation: a count around the mean. */
function about(mean: number, random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
}
