import {
  type ApiDocument,
  type MediaType,
  mapped,
  type Schema,
  type Schemas,
  withBodies,
} from './api-document.ts';
import { NOW, TIME, VALUES } from './example-values.ts';

/**
 * The API description with an example for each body that has none. Its members have the first of their schema's
 * `examples`, its only value, or one by their name; what may be null is null. Throws where a member has no value.
 */
export function withExamples(document: ApiDocument): ApiDocument {
  const schemas = document.components?.schemas ?? {};
  return withBodies(document, (media) => exemplified(schemas, media));
}

function exemplified(schemas: Schemas, media: MediaType): MediaType {
  if (media.example !== undefined || media.examples !== undefined || !media.schema) return media;
  return { ...media, example: exampleOf(schemas, media.schema, 'body') };
}

function exampleOf(schemas: Schemas, schema: Schema, name: string): unknown {
  const { $ref, examples, enum: values, anyOf, oneOf, contentSchema } = schema;
  if (examples?.length) return examples[0];
  if ('const' in schema) return schema.const;
  if ($ref !== undefined) return exampleOf(schemas, resolved(schemas, $ref), name);
  const types = [schema.type].flat();
  const variants = anyOf ?? oneOf;
  if (types.includes('null') || variants?.some(({ type }) => type === 'null')) return null;
  if (values) return values.includes(VALUES[name]) ? VALUES[name] : values[0];
  if (variants?.[0]) return exampleOf(schemas, variants[0], name);
  if (contentSchema) return JSON.stringify(exampleOf(schemas, contentSchema, name));
  if (name in VALUES && (types.includes(typeName(VALUES[name])) || schema.type === undefined)) {
    return VALUES[name];
  }
  if (schema.default !== undefined) return schema.default;
  return exampleOfType(schemas, schema, name);
}

function exampleOfType(schemas: Schemas, schema: Schema, name: string): unknown {
  switch ([schema.type].flat()[0]) {
    case 'object':
      return mapped(schema.properties ?? {}, (member, of) => exampleOf(schemas, member, of));
    case 'array':
      return schema.items ? [exampleOf(schemas, schema.items, name)] : [];
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return TIME.test(name) ? NOW : Math.max(schema.minimum ?? 1, 1);
    default:
      throw new Error(`nothing is known that ${name} might be: give its schema an example`);
  }
}

function resolved(schemas: Schemas, reference: string): Schema {
  const schema = schemas[reference.split('/').at(-1) ?? ''];
  if (!schema) throw new Error(`${reference} is not described`);
  return schema;
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' ? 'integer' : typeof value;
}
