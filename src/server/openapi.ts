import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponsesObject } from 'zod-openapi';
import { ERROR_CODES } from '../kernel/errors.ts';
import type { ApiDocument } from './api-document.ts';
import { withNames } from './api-names.ts';
import { tagOf, tagsOf } from './api-tags.ts';
import { withExamples } from './examples.ts';
import type { PlaneName } from './exchange.ts';
import { CODES, problemExample, problemReference, problems } from './responses.ts';
import type { Route } from './route.ts';

/** A route as far as its description goes. */
export type Described = Pick<Route<never>, 'method' | 'path' | 'operation' | 'events'>;

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
    client: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'kw_svc_…',
      description: 'Credential of the client.',
    },
    client_secret_basic: {
      type: 'http',
      scheme: 'basic',
      description: 'Id and credential of the client, each form-urlencoded (RFC 6749 §2.3.1).',
    },
  },
  operations: {
    operator: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'kw_ops_…',
      description: 'Credential of the operator.',
    },
  },
} as const satisfies Record<PlaneName, object>;

/**
 * OpenAPI 3.1 of what one plane answers, from the schemas that validate requests, with an example for each body. A path
 * with a terminating slash is served for clients that keep it, and is described without.
 */
export function describeApi(plane: PlaneName, routes: readonly Described[]): ApiDocument {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  const schemas: Record<string, z.ZodType> = {};
  for (const { path, method, operation, events = {} } of routes.filter(({ path }) => !path.endsWith('/'))) {
    const { responses = {}, security = [] } = operation;
    const described = {
      ...operation,
      ...pathParameters(path, operation),
      responses: { ...problems(CODES.any), ...responses, ...eventStream(events) },
      security,
      tags: [tagOf(plane, path)],
    };
    paths[path] = { ...paths[path], [method]: described };
    for (const data of Object.values(events)) schemas[idOf(data)] = data;
  }
  const document: object = createDocument({
    openapi: '3.1.0',
    // The command line tells by it that it asks the wrong one.
    'x-keyward-plane': plane,
    info: {
      title: `Keyward: API of the ${plane} plane`,
      version: '1',
      description: 'Signs and verifies tokens, one key for one service.',
      contact: { name: 'Whoever operates this service' },
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
    },
    // Relative to this description: it is right behind a path prefix, too.
    servers: [{ url: '.', description: `The ${plane} plane that this description comes from` }],
    tags: [...tagsOf(plane)],
    paths,
    components: { schemas, securitySchemes: SECURITY_SCHEMES[plane] },
  });
  return withProblems(withExamples(withNames(document as ApiDocument)));
}

/** Of the codes that it names. */
function withProblems(document: ApiDocument): ApiDocument {
  const text = JSON.stringify(document.paths);
  const named = ERROR_CODES.filter((code) => text.includes(`"${problemReference(code)}"`));
  const examples = Object.fromEntries(named.map((code) => [code, problemExample(code)]));
  return { ...document, components: { ...document.components, examples } };
}

/** Each event as a reader of the stream has it: OpenAPI 3.1 has no word for what stands between two blank lines. */
function eventStream(events: NonNullable<Described['events']>): ZodOpenApiResponsesObject {
  const read = Object.entries(events).map(([event, data]) =>
    z.object({
      id: z
        .string()
        .optional()
        .meta({ description: 'To resume behind it.', examples: ['17'] }),
      event: z.literal(event),
      data: z.string().meta({
        contentMediaType: 'application/json',
        contentSchema: { $ref: `#/components/schemas/${idOf(data)}` },
      }),
    }),
  );
  if (read.length === 0) return {};
  return {
    200: {
      description: `Events ${Object.keys(events).join(', ')}`,
      content: { 'text/event-stream': { schema: z.union(read) } },
    },
  };
}

function idOf(schema: z.ZodType): string {
  const id = schema.meta()?.id;
  if (!id) throw new Error('what an event carries needs an id in the description');
  return id;
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
