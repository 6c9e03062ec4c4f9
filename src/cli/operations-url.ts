import { existsSync } from 'node:fs';
import type { Context } from './context.ts';
import { usageFailure } from './failure.ts';

const DEFAULT_URL = 'http://127.0.0.1:9090';
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** `--url`, else KEYWARD_OPERATIONS_URL, else the configuration file's operations plane, else the default. */
export async function operationsUrl(context: Context): Promise<URL> {
  const named = context.options.url ?? context.environment.operationsUrl;
  const url = parse(named ?? (await configured(context.configFile)));
  if (url.protocol !== 'https:' && !LOOPBACK.test(url.hostname)) {
    throw usageFailure(`${url.origin}: a credential is sent over https only, or to loopback`);
  }
  return url;
}

function parse(url: string): URL {
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw usageFailure(`${url} is not an http or https URL`);
  return new URL(url);
}

async function configured(file: string): Promise<string> {
  if (!existsSync(file)) return DEFAULT_URL;
  const { loadConfig } = await import('../config.ts');
  const { host, port, tls } = loadConfig(file).operations_plane;
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
