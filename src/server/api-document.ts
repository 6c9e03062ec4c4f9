/** As much of an OpenAPI document as names and examples are made from. */
export interface ApiDocument {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Schemas; readonly examples?: object };
}

export type Schemas = Readonly<Record<string, Schema>>;

export interface Operation {
  readonly operationId?: string;
  readonly requestBody?: Body;
  readonly responses?: Readonly<Record<string, Body>>;
}

export interface Body {
  readonly description?: string;
  readonly content?: Readonly<Record<string, MediaType>>;
}

export interface MediaType {
  readonly schema?: Schema;
  readonly example?: unknown;
  readonly examples?: object;
}

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly properties?: Schemas;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly contentSchema?: Schema;
}

export const REFERENCE = '#/components/schemas/';

type Change = (media: MediaType, operation: Operation, body: 'request' | 'answer') => MediaType;

/** The document with each body changed. */
export function withBodies(document: ApiDocument, change: Change): ApiDocument {
  const paths = mapped(document.paths ?? {}, (operations) =>
    mapped(operations, (operation) => changed(operation, change)),
  );
  return { ...document, paths };
}

function changed(operation: Operation, change: Change): Operation {
  const { requestBody, responses = {} } = operation;
  const body = (of: Body, kind: 'request' | 'answer'): Body =>
    of.content ? { ...of, content: mapped(of.content, (media) => change(media, operation, kind)) } : of;
  return {
    ...operation,
    ...(requestBody ? { requestBody: body(requestBody, 'request') } : {}),
    responses: mapped(responses, (response) => body(response, 'answer')),
  };
}

export function mapped<V, W>(
  record: Readonly<Record<string, V>>,
  change: (value: V, name: string) => W,
): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]));
}
