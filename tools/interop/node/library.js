import { createRequire } from 'node:module';
import { json } from 'node:stream/consumers';

const require = createRequire(import.meta.url);

/** What is installed of each package, such as `jose 6.2.18`. */
export function versions(...names) {
  return names.map((name) => `${name} ${require(`${name}/package.json`).version}`).join(' + ');
}

/** Whether it settles without throwing, and with nothing that is false. */
async function holds(attempt) {
  try {
    return (await attempt()) !== false;
  } catch (error) {
    if (process.env.INTEROP_VERBOSE) console.error(error);
    return false;
  }
}

/**
 * One library, tried as the task on standard input says; what came of it goes to standard output. `verify(token, scope)`
 * throws for a token that it refuses, `introspect(token)` answers whether it is active, `discover()` the `jwks_uri`.
 */
export async function tried(library, prepare) {
  const task = await json(process.stdin);
  const { verify, introspect, revoke, discover } = await prepare(task);
  const both = async (attempt, { right, foreign }) => ({
    right: await holds(() => attempt(right)),
    foreign: await holds(() => attempt(foreign)),
  });
  const tokens = {};
  for (const scope of verify ? task.scopes : []) {
    tokens[scope.algorithm] = await both((token) => verify(token, scope), scope);
  }
  const [first] = task.scopes;
  const result = {
    library,
    tokens: verify ? tokens : null,
    introspection: introspect ? await both(introspect, first) : null,
    revocation: revoke ? await holds(() => revoke(task.revocable)) : null,
    discovery: discover ? await holds(async () => (await discover()) === first.jwks_uri) : null,
  };
  process.stdout.write(JSON.stringify(result));
}
