import type { Config } from '../config.ts';

const NOT_SHOWN = '(not shown)';

/** The settings for people: of what may hold a secret against the rule, only that it is there. */
export function shownConfiguration(config: Config): object {
  const { file: _file, variables: _variables, hsm, hsm_tokens, notifications, ...others } = config;
  const further = Object.entries(hsm_tokens).map(([name, token]) => [name, withoutValues(token)]);
  const targets = Object.entries(notifications.targets).map(([name, target]) => [
    name,
    target.type === 'webhook' ? { ...target, url: withoutPath(target.url) } : target,
  ]);
  return {
    ...others,
    hsm: withoutValues(hsm),
    hsm_tokens: Object.fromEntries(further),
    notifications: { ...notifications, targets: Object.fromEntries(targets) },
  };
}

function withoutValues<T extends Pick<Config['hsm'], 'environment'>>(token: T) {
  const names = Object.keys(token.environment);
  return { ...token, environment: Object.fromEntries(names.map((name) => [name, NOT_SHOWN])) };
}

/** The path of a webhook often is the credential. */
function withoutPath(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return pathname === '/' && search === '' ? url : `${origin}/${NOT_SHOWN}`;
}
