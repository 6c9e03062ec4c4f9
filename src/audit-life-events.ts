import type { Config } from './config.ts';
import type { AuditEvent } from './domain/audit.ts';

/** The configuration holds paths and limits; secrets stand in files that it names (I8). */
export function startedEvent({ hsm: { environment, ...hsm }, ...config }: Config): AuditEvent {
  const named = Object.keys(environment);
  return lifeEvent('service.started', { config: { ...config, hsm: { ...hsm, environment: named } } });
}

/** Of the service itself. */
export function lifeEvent(type: string, details: AuditEvent['details']): AuditEvent {
  return { type, actor: 'keyward', subject: 'service', requestId: null, details };
}
