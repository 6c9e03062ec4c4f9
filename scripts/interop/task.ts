import { ALGORITHM_NAMES, type Algorithm } from '../../src/kernel/algorithm.ts';
import { freePorts } from '../../test/support/free-port.ts';
import { type RunningService, startService } from '../../test/support/running-service.ts';

/** What a library is told on its standard input. */
export interface Task {
  readonly client_id: string;
  readonly client_secret: string;
  readonly introspection_endpoint: string;
  readonly revocation_endpoint: string;
  /** The first is also the one that is introspected at, revoked at and discovered. */
  readonly scopes: readonly TaskScope[];
  /** A token of the first scope, for this library alone. */
  readonly revocable: string;
}

interface TaskScope {
  readonly algorithm: Algorithm;
  readonly issuer: string;
  readonly audience: string;
  readonly jwks_uri: string;
  readonly right: string;
  /** Of another scope, of the same algorithm. */
  readonly foreign: string;
}

export interface Bench {
  task(): Promise<Task>;
  /** Whether the token that the task gave to be revoked is. */
  isRevoked(task: Task): Promise<boolean>;
  close(): Promise<void>;
}

/** A service with two scopes for each algorithm, each its own issuer, and a client that may ask and revoke. */
export async function openBench(): Promise<Bench> {
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const service = await startService({ config: { data_plane: { port, public_url: url } } });
  const scopes: TaskScope[] = [];
  const issuing = new Map<string, string>();
  for (const algorithm of ALGORITHM_NAMES) {
    const [id, other] = [algorithm.toLowerCase(), `${algorithm.toLowerCase()}-other`];
    const { sign, verify } = await provision(service, url, id, algorithm);
    const foreign = (await provision(service, url, other, algorithm)).sign;
    issuing.set(id, sign).set(`${id} asks`, verify);
    scopes.push({
      ...{ algorithm, issuer: `${url}/scopes/${id}`, audience: `https://${id}.example` },
      jwks_uri: `${url}/scopes/${id}/jwks.json`,
      right: await tokenOf(service, id, sign),
      foreign: await tokenOf(service, other, foreign),
    });
  }
  const id = ALGORITHM_NAMES[0]?.toLowerCase() ?? '';
  const [sign = '', secret = ''] = [issuing.get(id), issuing.get(`${id} asks`)];
  await service.act('POST', '/v1/admin/grants', { client: `${id}-verify`, scope: id, action: 'revoke' });
  return {
    task: async () => ({
      ...{ client_id: `${id}-verify`, client_secret: secret, scopes },
      introspection_endpoint: `${url}/v1/scopes/${id}/introspect`,
      revocation_endpoint: `${url}/v1/scopes/${id}/revoke`,
      revocable: await tokenOf(service, id, sign),
    }),
    async isRevoked({ revocable: token }) {
      const { body } = await service.data('POST', `/v1/scopes/${id}/verify`, secret, { token });
      return body.reason === 'revoked';
    },
    close: () => service.remove(),
  };
}

function provision(service: RunningService, url: string, id: string, algorithm: Algorithm) {
  return service.provision({ id, algorithm, issuer: `${url}/scopes/${id}` });
}

async function tokenOf(service: RunningService, scope: string, credential: string): Promise<string> {
  const asked = { claims: { sub: 'alice' }, ttl_seconds: 3_600 };
  return (await service.data('POST', `/v1/scopes/${scope}/tokens`, credential, asked)).body.token;
}
