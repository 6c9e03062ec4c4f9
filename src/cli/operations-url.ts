import { existsSync } from 'node:fs';
import { isLoopbackHost, withoutBrackets } from '../lib/host.ts';
import type { Context } from './context.ts';
import { usageFailure } from './failure.ts';

const DEFAULT_URL = 'http://127.0.0.1:9090';

/** `--url`, else KEYWARD_OPERATIONS_URL, else the configuration file's operations plane, else `otherwise`. */
export async function operationsUrl(context: Context, otherwise = DEFAULT_URL): Promise<URL> {
  const named = context.options.url ?? context.environment.operationsUrl;
  const url = parse(named ?? (await configuredOrigin(context.configFile)) ?? otherwise);
  if (url.protocol !== 'https:' && !isLoopbackHost(withoutBrackets(url.hostname))) {
    throw usageFailure(`${url.origin}: a credential is sent over https only, or to loopback`);
  }
  return url;
}

function parse(url: string): URL {
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw usageFailure(`${url} is not an http or https URL`);
  return new URL(url);
}

/** Where the configuration has the operations plane listen; undefined without the file. */
export async function configuredOrigin(file: string): Promise<string | undefined> {
  if (!existsSync(file)) return undefined;
  const { loadConfig } = await import('../config.ts');
  const { host, port, tls } = loadConfig(file).operations_plane;
  const url = `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new URL(url).origin;
}
