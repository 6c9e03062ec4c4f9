import type { Clock } from './kernel/clock.ts';
import { type SecurityEvents, securityEvent } from './kernel/security-events.ts';
import { Outages } from './events/outages.ts';

/** A signer that is replaced, or a module that is started anew, is back by then. */
const HSM_PATIENCE_SECONDS = 10;
/** A sink that is served again within a minute has missed no checkpoint. */
const SINK_PATIENCE_SECONDS = 60;

export type OutageWatch = ReturnType<typeof createOutageWatch>;

/** What may be away while the service goes on: the HSM tokens, for one reason or the other, the audit sinks, the log, and file descriptors. */
export function createOutageWatch(clock: Clock) {
  const hsm = new Outages({
    clock,
    patienceSeconds: HSM_PATIENCE_SECONDS,
    report: ({ name: hsm_token, since, why }) => securityEvent('hsm.unavailable', { hsm_token, since, why }),
  });
  const pins = new Outages({
    clock,
    patienceSeconds: 0,
    report: ({ name: hsm_token, since, why }) => securityEvent('hsm.pin_rejected', { hsm_token, since, why }),
  });
  const sinks = new Outages({
    clock,
    patienceSeconds: SINK_PATIENCE_SECONDS,
    report: ({ name: sink, since, why }) => securityEvent('audit.sink_failing', { sink, since, why }),
  });
  const log = new Outages({
    clock,
    patienceSeconds: 0,
    report: ({ since, why }) => securityEvent('log.failing', { since, why }),
  });
  const descriptors = new Outages({
    clock,
    patienceSeconds: 0,
    report: ({ since, why }) => securityEvent('service.file_descriptors', { since, why }),
  });
  return {
    log,
    descriptors,
    hsm,
    pins,
    sinks,
    async tell(events: SecurityEvents) {
      for (const each of [pins, hsm, sinks, log, descriptors]) await each.tell(events);
    },
  };
}
