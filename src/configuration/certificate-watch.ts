import type { Clock } from '../kernel/clock.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import { type PemFiles, TLS_PLANES } from './pem-files.ts';

const DAY_MS = 86_400_000;
const EARLIEST_MS = 14 * DAY_MS;
/** Renewal of short-lived certificates comes at a third of their life, as a rule. */
const LEFT_OF_LIFE = 1 / 5;
const PLANES = { data_plane: 'data', operations_plane: 'operations' } as const;

/** Tells of each certificate in use that nobody renews: once that it ends soon, and once that it has ended. */
export class CertificateWatch {
  readonly #events: EventRaiser;
  readonly #clock: Clock;
  readonly #told = new Set<string>();

  constructor({ events, clock }: { readonly events: EventRaiser; readonly clock: Clock }) {
    this.#events = events;
    this.#clock = clock;
  }

  look(inUse: PemFiles['identities']): void {
    const nowMs = this.#clock.nowSeconds() * 1_000;
    for (const name of TLS_PLANES) {
      const identity = inUse[name];
      if (!identity || nowMs < warningMs(identity)) continue;
      const expired = nowMs > identity.validToMs;
      const valid_until = Math.floor(identity.validToMs / 1_000);
      const event = securityEvent('service.certificate_expiring', {
        plane: PLANES[name],
        valid_until,
        expired,
      });
      if (this.#told.has(event.dedupKey)) continue;
      this.#told.add(event.dedupKey);
      this.#events.raise(event);
    }
  }
}

function warningMs({ validFromMs, validToMs }: { validFromMs: number; validToMs: number }): number {
  return validToMs - Math.min(EARLIEST_MS, (validToMs - validFromMs) * LEFT_OF_LIFE);
}
