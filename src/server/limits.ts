import { hash, randomBytes } from 'node:crypto';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { KeywardError } from '../kernel/errors.ts';
import { networkOf } from './connections.ts';

/** The part of the configuration's `limits` that the planes obey. Read at each use: a reload may change it. */
export interface LimitSettings {
  readonly requests_in_flight: number;
  readonly client_requests_per_second: number;
  readonly anonymous_requests_per_second: number;
  readonly failed_authentications_per_minute: number;
}

/** Each method fails with `rate_limited` once the caller has had its share. */
export interface Limits {
  /** A batch of n counts n. */
  client(clientId: string, requests: number): Promise<unknown>;
  anonymous(address: string | undefined): Promise<unknown>;
  failedAuthentication(address: string | undefined): Promise<unknown>;
}

export function createLimits(settings: LimitSettings): Limits {
  const client = limiter(settings.client_requests_per_second, 1);
  const anonymous = limiter(settings.anonymous_requests_per_second, 1);
  const failures = limiter(settings.failed_authentications_per_minute, 60);
  const bucketOf = addressBuckets();
  return {
    client: (clientId, requests) => {
      client.points = settings.client_requests_per_second;
      return client.consume(clientId, requests).catch(refuse);
    },
    anonymous: (address) => {
      anonymous.points = settings.anonymous_requests_per_second;
      return anonymous.consume(bucketOf(address)).catch(refuse);
    },
    failedAuthentication: (address) => {
      failures.points = settings.failed_authentications_per_minute;
      return failures.consume(bucketOf(address)).catch(refuse);
    },
  };
}

/** So many points within so many seconds, in memory. */
export function limiter(points: number, duration: number): RateLimiterMemory {
  return new RateLimiterMemory({ points, duration, keyPrefix: '' });
}

/**
 * One of 65,536 numbers for each network, so that memory stays bounded whoever calls; salted, so that nobody can
 * choose an address that shares another's.
 */
export function addressBuckets(nameOf = networkOf): (address: string | undefined) => number {
  const salt = randomBytes(16).toString('hex');
  return (address = '') => hash('sha256', salt + nameOf(address), 'buffer').readUInt16BE();
}

/** What a limiter refused as `rate_limited`; anything else passes through. */
export function refuse(thrown: unknown): never {
  if (!(thrown instanceof RateLimiterRes)) throw thrown;
  throw new KeywardError('rate_limited', 'too many requests; wait as long as Retry-After says', {
    retryAfterSeconds: Math.max(1, Math.ceil(thrown.msBeforeNext / 1000)),
  });
}
