import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi';
import type { PlaneName } from './plane.ts';
import type { Route } from './route.ts';

/** A route as far as its description goes. */
export type Described = Pick<Route<never>, 'method' | 'path' | 'operation'>;

const PARAMETERS = {
  scope: z.string().meta({ description: 'Id of the key scope.' }),
  client: z.string().meta({ description: 'Id of the client.' }),
  operator: z.string().meta({ description: 'Id of the operator.' }),
  kid: z.string().meta({ description: 'Id of the key: its RFC 7638 thumbprint.' }),
  token: z.string().meta({ description: 'Name of the HSM token in the configuration.' }),
  proposal: z.string().meta({ description: 'Id of the proposal.' }),
  report: z.string().meta({ description: 'Number of the case.' }),
  sequence: z.int().meta({ description: 'Sequence of the security event.' }),
};

/** OpenAPI 3.1 of the routes given, from the schemas that validate requests. What both planes have stands once. */
export function describeApi(planes: Partial<Record<PlaneName, readonly Described[]>>): object {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const [plane, routes] of Object.entries(planes)) {
    for (const { path, method, operation } of routes) {
      const others = paths[path];
      const tags = [...(others?.[method]?.tags ?? []), plane];
      paths[path] = { ...others, [method]: { ...operation, tags, ...pathParameters(path, operation) } };
    }
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Keyward',
      version: '1',
      description: 'Signs and verifies tokens, one key for one service.',
    },
    tags: Object.keys(planes).map((name) => ({ name, description: `Answered by the ${name} plane` })),
    paths,
    components: {
      securitySchemes: {
        client: { type: 'http', scheme: 'bearer', bearerFormat: 'kw_svc_…' },
        operator: { type: 'http', scheme: 'bearer', bearerFormat: 'kw_ops_…' },
      },
    },
  });
}

function pathParameters(path: string, { requestParams }: ZodOpenApiOperationObject) {
  const named = Object.entries(PARAMETERS).filter(([name]) => path.includes(`{${name}}`));
  if (named.length === 0) return {};
  return { requestParams: { ...requestParams, path: z.object(Object.fromEntries(named)) } };
}
