import { type ApiDocument, type Operation, REFERENCE, type Schema, withBodies } from './api-document.ts';

const MOST_MEMBERS = 2;

/**
 * The document with a name for the schema of each body: generated clients have a type for what has a name. An answer is
 * called by its members (`ClientAnswer`), and by its operation where they are many.
 */
export function withNames(document: ApiDocument): ApiDocument {
  const schemas: Record<string, Schema> = { ...document.components?.schemas };
  const give = (schema: Schema, name: string): Schema => {
    if (name in schemas && JSON.stringify(schemas[name]) !== JSON.stringify(schema)) {
      throw new Error(`two schemas would be called ${name}: give one an id`);
    }
    schemas[name] = schema;
    return { $ref: REFERENCE + name };
  };
  const named = withBodies(document, (media, operation, body) => {
    const { schema } = media;
    if (schema?.anyOf)
      return { ...media, schema: { anyOf: schema.anyOf.map((of) => give(of, eventName(operation, of))) } };
    if (!schema?.properties) return media;
    return { ...media, schema: give(schema, bodyName(operation, schema, body)) };
  });
  return { ...named, components: { ...document.components, schemas } };
}

function bodyName({ operationId = '' }: Operation, { properties = {} }: Schema, body: 'request' | 'answer') {
  const members = Object.keys(properties);
  const isFew = members.length > 0 && members.length <= MOST_MEMBERS;
  const stem = body === 'answer' && isFew ? members.map(capitalized).join('And') : capitalized(operationId);
  return stem + capitalized(body);
}

/** Of a stream: `FollowEventsSnapshot`. */
function eventName({ operationId = '' }: Operation, { properties }: Schema): string {
  return capitalized(`${operationId}_${properties?.event?.const}`);
}

/** `hsm_token` → `HsmToken`. */
function capitalized(name: string): string {
  return name.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
