import { type ApiDocument, type Operation, REFERENCE, type Schema, withBodies } from './api-document.ts';

const MOST_MEMBERS = 2;

/**
 * The document with a name for the schema of each body: generated clients have a type for what has a name. An answer is
 * called by its members (`ClientAnswer`), and by its operation where they are many or the name is taken.
 */
export function withNames(document: ApiDocument): ApiDocument {
  const schemas: Record<string, Schema> = { ...document.components?.schemas };
  const give = (schema: Schema, ...names: readonly string[]): Schema => {
    const text = JSON.stringify(schema);
    const name = names.find((each) => !(each in schemas) || JSON.stringify(schemas[each]) === text);
    if (name === undefined) throw new Error(`another schema is called ${names.join(' and ')}`);
    schemas[name] = schema;
    return { $ref: REFERENCE + name };
  };
  const named = withBodies(document, (media, operation, body) => {
    const { schema } = media;
    if (schema?.anyOf)
      return { ...media, schema: { anyOf: schema.anyOf.map((of) => give(of, eventName(operation, of))) } };
    if (!schema?.properties) return media;
    const names = body === 'request' ? [] : answerNames(schema);
    return { ...media, schema: give(schema, ...names, capitalized(operationName(operation, body))) };
  });
  return { ...named, components: { ...document.components, schemas } };
}

function operationName({ operationId = '' }: Operation, body: string): string {
  return operationId + capitalized(body);
}

function answerNames({ properties = {} }: Schema): readonly string[] {
  const members = Object.keys(properties);
  if (members.length === 0 || members.length > MOST_MEMBERS) return [];
  return [`${members.map(capitalized).join('And')}Answer`];
}

/** Of a stream: `FollowEventsSnapshot`. */
function eventName({ operationId = '' }: Operation, { properties }: Schema): string {
  return capitalized(`${operationId}_${properties?.event?.const}`);
}

/** `hsm_token` → `HsmToken`. */
function capitalized(name: string): string {
  return name.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
