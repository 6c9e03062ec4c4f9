import type { TargetSettings } from './settings.ts';
import type { NotificationTarget } from './target.ts';
import { createEmailTarget } from './targets/email.ts';
import { createFileTarget } from './targets/file.ts';
import { createSyslogTarget } from './targets/syslog.ts';
import { createWebhookTarget } from './targets/webhook.ts';

type Makers = {
  readonly [S in TargetSettings as S['type']]: (name: string, settings: S) => NotificationTarget;
};

const MAKERS: Makers = {
  webhook: createWebhookTarget,
  email: createEmailTarget,
  syslog: createSyslogTarget,
  file: createFileTarget,
};

/** Connects to nothing yet. */
export function openTarget(name: string, settings: TargetSettings): NotificationTarget {
  return (MAKERS[settings.type] as (name: string, settings: TargetSettings) => NotificationTarget)(
    name,
    settings,
  );
}
