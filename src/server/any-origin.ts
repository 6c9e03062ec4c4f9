import { admitAnyone } from './admission.ts';
import type { ApiRequest, ApiResponse } from './route.ts';
import { sendNothing } from './send.ts';

/** With every answer that pages of any origin may read (Fetch, §3.3.3). No credential is ever sent along. */
export const ANY_ORIGIN = [
  ...['Access-Control-Allow-Origin', '*'],
  ...['Access-Control-Expose-Headers', 'ETag, Retry-After, X-Request-Id'],
];

const PREFLIGHT = [
  ...['Access-Control-Allow-Methods', 'GET, HEAD'],
  ...['Access-Control-Allow-Headers', '*'],
  ...['Access-Control-Max-Age', '86400'],
];

/** What a browser asks before it sends headers of its own, such as `If-None-Match`. */
export async function answerPreflight(request: ApiRequest, response: ApiResponse): Promise<void> {
  await admitAnyone(request, response);
  sendNothing(response, 204, PREFLIGHT);
}
