import { createSyslogStream, type SyslogAddress, type SyslogMessage } from '../../lib/syslog-stream.ts';
import { type AuditSink, type SinkEntry, writeSinkLine } from '../sink-line.ts';

const LOG_AUDIT = 13;
const NOTICE = 5;

/** By syslog, which confirms nothing and cannot be read back. */
export function createSyslogSink(address: SyslogAddress): AuditSink {
  const stream = createSyslogStream(address);
  return {
    name: `syslog:${address.host}:${address.port}`,
    tail: async () => undefined,
    history: () => undefined,
    examine: async () => undefined,
    write: (entries) => stream.write(entries.map(message)),
    reset: () => stream.reset(),
  };
}

function message(entry: SinkEntry): SyslogMessage {
  return { facility: LOG_AUDIT, severity: NOTICE, id: entry.kind, text: writeSinkLine(entry) };
}
