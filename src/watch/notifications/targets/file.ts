import { openForAppending } from '../../../lib/append-file.ts';
import { payloadOf } from '../payload.ts';
import type { FileSettings } from '../../../notifications/target-settings.ts';
import type { NotificationTarget } from '../../../notifications/target.ts';

/** JSON Lines, appended and synced, for a SIEM to follow. Opened for each message: the file may be moved away. */
export function createFileTarget(name: string, { file }: FileSettings): NotificationTarget {
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
