import { html, type Markup } from '../../src/lib/html.ts';
import type { Schema } from './document.ts';

/** Text with its `code` as code. */
export function prose(text = ''): Markup {
  const parts = text
    .split('`')
    .map((part, at) => (at % 2 === 0 ? html`${part}` : html`<code>${part}</code>`));
  return joined(parts, '');
}

export function joined(parts: readonly Markup[], separator: string): Markup {
  return parts.reduce((all, part, at) => (at === 0 ? part : html`${all}${separator}${part}`), html``);
}

export const schemaId = (name: string) => `schema-${name}`;

/** Its type in a few words, with its limits. */
export function typeOf(schema: Schema = {}): Markup {
  const limits = limitsOf(schema);
  return limits.length === 0 ? nameOf(schema) : html`${nameOf(schema)} (${limits.join(', ')})`;
}

/** What is within it, as nested lists; empty where its type says all. */
export function contentOf(schema: Schema = {}): Markup | undefined {
  if (schema.properties) return membersOf(schema);
  const variants = variantsOf(schema);
  if (variants.length > 1 && variants.some((each) => contentOf(each))) {
    const items = variants.map((each) => html`<li>${typeOf(each)} ${contentOf(each) ?? ''}</li>`);
    return html`<ol class="variants">${items}</ol>`;
  }
  const { items, additionalProperties } = schema;
  return [...variants, items, additionalProperties]
    .filter((each): each is Schema => typeof each === 'object')
    .map((each) => contentOf(each))
    .find((content) => content !== undefined);
}

function membersOf({ properties = {}, required = [] }: Schema): Markup | undefined {
  const members = Object.entries(properties).map(([name, member]) => {
    const presence = required.includes(name) ? 'required' : 'optional';
    const description = member.description ? html`. ${prose(member.description)}` : '';
    return html`<li><code>${name}</code>: ${typeOf(member)}, ${presence}${description} ${contentOf(member) ?? ''}</li>`;
  });
  return members.length === 0 ? undefined : html`<ul class="members">${members}</ul>`;
}

function nameOf(schema: Schema): Markup {
  const { $ref, items, additionalProperties: values } = schema;
  if ($ref !== undefined) {
    const name = $ref.split('/').at(-1) ?? '';
    return html`<a href="#${schemaId(name)}">${name}</a>`;
  }
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum) return html`one of ${joined(schema.enum.map(literal), ', ')}`;
  const variants = variantsOf(schema, { all: true });
  if (variants.length > 0) return joined(variants.map(typeOf), schema.allOf ? ' and ' : ' or ');
  if (items) return html`list of ${typeOf(items)}`;
  if (typeof values === 'object' && Object.keys(values).length > 0) {
    return html`object whose values are ${typeOf(values)}`;
  }
  return html`${[schema.type ?? 'any value'].flat().join(' or ')}`;
}

function literal(value: unknown): Markup {
  return html`<code>${JSON.stringify(value)}</code>`;
}

function variantsOf({ anyOf, oneOf, allOf }: Schema, { all = false } = {}): readonly Schema[] {
  const variants = anyOf ?? oneOf ?? allOf ?? [];
  return all ? variants : variants.filter(({ type }) => type !== 'null');
}

const LIMITS: Readonly<Record<string, string>> = {
  minimum: 'at least',
  maximum: 'at most',
  minLength: 'shortest length',
  maxLength: 'longest length',
  minItems: 'fewest elements',
  maxItems: 'most elements',
  pattern: 'pattern',
  default: 'default',
};

function limitsOf(schema: Schema): readonly string[] {
  const limits = Object.entries(LIMITS)
    .filter(([keyword]) => schema[keyword] !== undefined && !isOfEveryInteger(schema[keyword]))
    .map(([keyword, words]) => `${words} ${shown(schema[keyword])}`);
  return schema.uniqueItems === true ? [...limits, 'no element twice'] : limits;
}

/** What a double holds exactly is no limit that anybody chose. */
function isOfEveryInteger(limit: unknown): boolean {
  return Math.abs(Number(limit)) === Number.MAX_SAFE_INTEGER;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
