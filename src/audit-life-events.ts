import type { Config } from './config.ts';
import type { AuditEvent } from './domain/audit.ts';
import { describeNotifications } from './notifications/configured.ts';

/** The configuration holds paths and limits; secrets stand in files that it names (I8). */
export function startedEvent({ hsm, hsm_tokens, notifications, ...config }: Config): AuditEvent {
  const further = Object.entries(hsm_tokens).map(([name, token]) => [name, withoutValues(token)]);
  const tokens = { hsm: withoutValues(hsm), hsm_tokens: Object.fromEntries(further) };
  return lifeEvent('service.started', {
    config: { ...config, ...tokens, notifications: describeNotifications(notifications) },
  });
}

function withoutValues<T extends Pick<Config['hsm'], 'environment'>>({ environment, ...token }: T) {
  return { ...token, environment: Object.keys(environment) };
}

/** Of the service itself. */
export function lifeEvent(type: string, details: AuditEvent['details']): AuditEvent {
  return { type, actor: 'keyward', subject: 'service', requestId: null, details };
}
