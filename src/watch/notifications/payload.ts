import { MESSAGE_TYPES, type NotificationMessage } from '../../notifications/message.ts';

/** As webhooks and files get it; in the form that Standard Webhooks recommends. */
export function payloadOf({ kind, id, at, title, data }: NotificationMessage): object {
  return { id, type: MESSAGE_TYPES[kind], timestamp: new Date(at * 1_000).toISOString(), title, data };
}
