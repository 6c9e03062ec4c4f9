import type { Config } from '../config.ts';
import { type Finding, fail, ok } from '../lib/finding.ts';
import { errorMessage } from '../lib/text.ts';
import { readHeaders } from '../tracing/headers.ts';

const CHECK = 'tracing';

/** Whether the headers for the collector can be read; nothing is sent, and nothing is told where tracing is off. */
export async function checkTracing({ tracing }: Config): Promise<readonly Finding[]> {
  const { endpoint, headers_file } = tracing;
  if (endpoint === undefined) return [];
  try {
    if (headers_file !== undefined) await readHeaders(headers_file);
    return [ok(CHECK, `traces go to ${endpoint}`)];
  } catch (error) {
    return [fail(CHECK, errorMessage(error), 'mend the file; it is read at each attempt')];
  }
}
