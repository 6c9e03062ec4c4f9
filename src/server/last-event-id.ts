import type { ApiRequest } from './route.ts';

/** Where whoever follows an event stream wants to resume; undefined for the beginning. */
export function lastEventId({ headers }: Pick<ApiRequest, 'headers'>): string | undefined {
  const given = headers['last-event-id'];
  return typeof given === 'string' && given !== '' ? given : undefined;
}
