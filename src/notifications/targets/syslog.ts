import { readFile } from 'node:fs/promises';
import type { Severity } from '../../kernel/security-event-types.ts';
import { createSyslogStream, type SyslogStream } from '../../lib/syslog-stream.ts';
import { cefOf } from '../../watch/notifications/cef.ts';
import { lookupFor } from '../../watch/notifications/guarded-address.ts';
import { MESSAGE_TYPES } from '../message.ts';
import type { SyslogSettings } from '../target-settings.ts';
import type { NotificationTarget } from '../target.ts';

/** Facility 4, security and authorization (RFC 5424 §6.2.1). */
const SECURITY = 4;
const SEVERITY = { info: 6, warning: 4, critical: 2 } as const satisfies Record<Severity, number>;

/** CEF by syslog. A server confirms nothing: that the connection took the bytes is all that is known. */
export function createSyslogTarget(name: string, settings: SyslogSettings): NotificationTarget {
  let stream: Promise<SyslogStream> | undefined;
  const reset = () => {
    const former = stream;
    stream = undefined;
    former?.then((each) => each.reset()).catch(() => {});
  };
  return {
    name,
    type: 'syslog',
    async send(message, _to, signal) {
      signal.addEventListener('abort', reset, { once: true });
      try {
        stream ??= open(settings);
        const { severity, kind } = message;
        const facts = { facility: SECURITY, severity: SEVERITY[severity], id: MESSAGE_TYPES[kind] };
        await (await stream).write([{ ...facts, text: cefOf(message) }]);
        return undefined;
      } catch (error) {
        reset();
        throw error;
      } finally {
        signal.removeEventListener('abort', reset);
      }
    },
    close: reset,
  };
}

async function open({ host, port, tls, allow_private }: SyslogSettings): Promise<SyslogStream> {
  const lookup = lookupFor({ host, allow_private });
  const ca = tls?.ca_file === undefined ? undefined : await readFile(tls.ca_file, 'utf8');
  return createSyslogStream({
    host,
    port,
    ...(tls ? { tls: { ca } } : {}),
    ...lookup,
  });
}
