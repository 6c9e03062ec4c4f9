import type { TargetSettings } from '../target-settings.ts';
import type { NotificationTarget } from '../target.ts';
import { createEmailTarget } from './email.ts';
import { createFileTarget } from '../../watch/notifications/targets/file.ts';
import { createSyslogTarget } from './syslog.ts';
import { createWebhookTarget } from './webhook.ts';

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
