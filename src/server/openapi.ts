import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi';
import type { PlaneName } from './plane.ts';
import type { Route } from './route.ts';

/** A route as far as its description goes. */
export type Described = Pick<Route<never>, 'method' | 'path' | 'operation'>;

/** What may stand in a path. */
const PARAMETERS: Readonly<Record<string, z.ZodType>> = {
  scope: z.string().meta({ description: 'Id of the key scope.' }),
  client: z.string().meta({ description: 'Id of the client.' }),
  operator: z.string().meta({ description: 'Id of the operator.' }),
  kid: z.string().meta({ description: 'Id of the key: its RFC 7638 thumbprint.' }),
  token: z.string().meta({ description: 'Name of the HSM token in the configuration.' }),
  proposal: z.string().meta({ description: 'Id of the proposal.' }),
  report: z.string().meta({ description: 'Number of the case.' }),
  canary: z.string().meta({ description: 'Id of the canary.' }),
  sequence: z.int().meta({ description: 'Sequence of the security event.' }),
  id: z.int().meta({ description: 'Id of the delivery.' }),
};

const SECURITY_SCHEMES = {
  data: {
    client: { type: 'http', scheme: 'bearer', bearerFormat: 'kw_svc_…' },
    client_secret_basic: {
      type: 'http',
      scheme: 'basic',
      description: 'Id and credential of the client, each form-urlencoded (RFC 6749 §2.3.1).',
    },
  },
  operations: { operator: { type: 'http', scheme: 'bearer', bearerFormat: 'kw_ops_…' } },
} as const satisfies Record<PlaneName, object>;

/** OpenAPI 3.1 of what one plane answers, from the schemas that validate requests. */
export function describeApi(plane: PlaneName, routes: readonly Described[]): object {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const { path, method, operation } of routes) {
    const described = { ...operation, tags: [plane], ...pathParameters(path, operation) };
    paths[path] = { ...paths[path], [method]: described };
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Keyward',
      version: '1',
      description: 'Signs and verifies tokens, one key for one service.',
    },
    tags: [{ name: plane, description: `Answered by the ${plane} plane` }],
    paths,
    components: { securitySchemes: SECURITY_SCHEMES[plane] },
  });
}

function pathParameters(path: string, { requestParams }: ZodOpenApiOperationObject) {
  const names = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name);
  if (names.length === 0) return {};
  return { requestParams: { ...requestParams, path: z.object(Object.fromEntries(names.map(parameter))) } };
}

function parameter(name: string): [string, z.ZodType] {
  const schema = PARAMETERS[name];
  if (!schema) throw new Error(`the parameter {${name}} of a path is not described`);
  return [name, schema];
}
