import type { Tracer } from '../../kernel/trace.ts';
import { openForAppending } from '../../lib/secret-file.ts';
import { payloadOf } from '../message.ts';
import type { NotificationTarget } from '../target.ts';
import type { FileSettings, TargetSettings } from '../target-settings.ts';
import { createEmailTarget } from './email.ts';
import { createSyslogTarget } from './syslog.ts';
import { createWebhookTarget } from './webhook.ts';

/** JSON Lines, appended and synced, for a SIEM to follow. Opened for each message: the file may be moved away. */
function createFileTarget(name: string, { file }: FileSettings): NotificationTarget {
  return {
    name,
    type: 'file',
    async send(message) {
      const handle = await openForAppending(file);
      try {
        await handle.appendFile(`${JSON.stringify(payloadOf(message))}\n`);
        await handle.datasync();
        return undefined;
      } finally {
        await handle.close();
      }
    },
    close() {},
  };
}

type Makers = {
  readonly [S in TargetSettings as S['type']]: (
    name: string,
    settings: S,
    tracer?: Tracer,
  ) => NotificationTarget;
};

const MAKERS: Makers = {
  webhook: createWebhookTarget,
  email: createEmailTarget,
  syslog: createSyslogTarget,
  file: createFileTarget,
};

/** Connects to nothing yet. */
export function openTarget(name: string, settings: TargetSettings, tracer?: Tracer): NotificationTarget {
  const make = MAKERS[settings.type] as (
    name: string,
    settings: TargetSettings,
    tracer?: Tracer,
  ) => NotificationTarget;
  return make(name, settings, tracer);
}
