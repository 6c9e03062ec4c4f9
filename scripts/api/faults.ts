/** As much of an API description as is judged here. */
export interface Description {
  readonly servers?: readonly object[];
  readonly tags?: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: {
    readonly schemas?: Readonly<Record<string, Schema>>;
    readonly securitySchemes?: object;
    readonly examples?: object;
  };
}

interface Operation {
  readonly operationId?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema?: Schema }[];
  readonly requestBody?: Body & { readonly 'x-max-bytes'?: number };
  readonly responses: Readonly<Record<string, Body>>;
}

interface Body {
  readonly content?: Readonly<Record<string, Media>>;
}

interface Media {
  readonly schema?: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly $ref?: string }>>;
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly [keyword: string]: unknown;
}

/** Texts that are bounded by their body alone: what is too long among them is no token, or names nothing. */
const BOUNDED_BY_BODY: ReadonlySet<string> = new Set([
  ...['token', 'token_type_hint', 'signing_input', 'client_secret', 'hsm_token', 'standby_token'],
]);

/** What is wrong with it beyond what the OpenAPI schema can say, a line each. */
export function faultsOf(description: Description): readonly string[] {
  const seen = new Set<string>();
  const ofAll = description.servers?.length ? [] : ['no server is named'];
  const ofOperations = Object.entries(description.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, operation]) => {
      const { operationId = '' } = operation;
      const twice = seen.has(operationId) ? [`operationId ${operationId} stands twice`] : [];
      seen.add(operationId);
      const faults = [
        ...twice,
        ...parameterFaults(path, operation),
        ...statusFaults(path, operation),
        ...boundFaults(description, operation),
        ...exampleFaults(description, operation),
        ...securityFaults(description, operation),
        ...tagFaults(description, operation),
      ];
      return faults.map((fault) => `${method} ${path}: ${fault}`);
    }),
  );
  return [...ofAll, ...ofOperations];
}

/** One of its own, or one that is there to refer to. Whether it is right, a test asks the route's own schema. */
function exampleFaults(
  { components }: Description,
  { requestBody, responses }: Operation,
): readonly string[] {
  const shared = new Set(
    Object.keys(components?.examples ?? {}).map((name) => `#/components/examples/${name}`),
  );
  const hasExample = ({ example, examples = {} }: Media) => {
    const given = Object.values(examples);
    const found = given.every(({ $ref }) => $ref === undefined || shared.has($ref));
    return example !== undefined || (given.length > 0 && found);
  };
  const bodies: readonly (readonly [string, Body | undefined])[] = [
    ['the request', requestBody],
    ...Object.entries(responses),
  ];
  return bodies.flatMap(([name, body]) =>
    Object.entries(body?.content ?? {})
      .filter(([, media]) => !hasExample(media))
      .map(([media]) => `${name} has no example of ${media}`),
  );
}

/** Said of every operation: an empty list where nobody shows a credential. */
function securityFaults({ components }: Description, { security }: Operation): readonly string[] {
  if (!security) return ['its credentials are not described'];
  const known = components?.securitySchemes ?? {};
  const names = security.flatMap((each) => Object.keys(each));
  return names.filter((name) => !(name in known)).map((name) => `the credential ${name} is not described`);
}

function tagFaults({ tags = [] }: Description, { tags: given = [] }: Operation): readonly string[] {
  const described = tags.filter(({ description }) => description).map(({ name }) => name);
  const unknown = given
    .filter((name) => !described.includes(name))
    .map((name) => `the tag ${name} is not described`);
  return given.length === 1 ? unknown : ['it has not one tag'];
}

function parameterFaults(path: string, { parameters = [] }: Operation): readonly string[] {
  const used = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name);
  const declared = parameters.filter((each) => each.in === 'path').map(({ name }) => name);
  return [
    ...used.filter((name) => !declared.includes(name)).map((name) => `{${name}} is not declared`),
    ...declared.filter((name) => !used.includes(name)).map((name) => `${name} is not in the path`),
  ];
}

/** Any request may meet these: an overload, a fault. */
const ALWAYS = ['500', '503'];
/** Balancers probe as often as they like. */
const UNLIMITED = /^\/(?:healthz|readyz(?:\/\w+)?)$/;
const OF_BODIES = ['400', '408', '413', '415'];
const OF_CALLERS = ['401', '403'];

function statusFaults(path: string, { requestBody, security, responses }: Operation): readonly string[] {
  const wanted = [
    ...(UNLIMITED.test(path) ? [] : ['429']),
    ...ALWAYS,
    ...(requestBody ? OF_BODIES : []),
    ...(security?.length ? OF_CALLERS : []),
  ];
  return wanted.filter((status) => !(status in responses)).map((status) => `${status} is not described`);
}

function boundFaults(
  description: Description,
  { requestBody, parameters = [] }: Operation,
): readonly string[] {
  const queries = parameters.filter((each) => each.in === 'query');
  const unbounded = [
    ...queries.flatMap(({ name, schema }) => unboundedIn(description, schema, name)),
    ...Object.values(requestBody?.content ?? {}).flatMap(({ schema }) =>
      unboundedIn(description, schema, ''),
    ),
  ];
  const faults = unbounded.map((member) => `${member || 'the body'} has no bound`);
  return requestBody && !requestBody['x-max-bytes'] ? ['the body has no x-max-bytes', ...faults] : faults;
}

/** Texts without longest length and lists without most elements, by the path of their members. */
function unboundedIn(
  description: Description,
  schema: Schema | undefined,
  at: string,
  within: readonly Schema[] = [],
): readonly string[] {
  const name = schema?.$ref?.split('/').at(-1);
  const of = name === undefined ? schema : description.components?.schemas?.[name];
  if (!of || within.includes(of)) return [];
  const inner = (child: Schema | undefined, step = '') =>
    unboundedIn(description, child, step && at ? `${at}.${step}` : at + step, [...within, of]);
  return [
    ...(isUnbounded(of) && !BOUNDED_BY_BODY.has(at.split('.').at(-1) ?? '') ? [at] : []),
    ...Object.entries(of.properties ?? {}).flatMap(([member, child]) => inner(child, member)),
    ...inner(of.items, '[]'),
    ...[of.anyOf, of.oneOf, of.allOf].flatMap((some) => (some ?? []).flatMap((child) => inner(child))),
  ];
}

function isUnbounded(schema: Schema): boolean {
  const types = [schema.type].flat();
  const has = (...keywords: string[]) => keywords.some((keyword) => schema[keyword] !== undefined);
  if (types.includes('string') && !has('maxLength', 'enum', 'const', 'pattern')) return true;
  return types.includes('array') && !has('maxItems');
}
