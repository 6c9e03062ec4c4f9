import { z } from 'zod';
import { configurationSchema, IN_FILE_ONLY } from '../config.ts';
import { isReloadable } from './plan-reload.ts';

/** One node of the JSON Schema, as far as it is read here. */
interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly required?: readonly string[];
}

/** The JSON Schema of the file, for editors: draft 7, which most of them read. Former members are not in it. */
export function configurationJsonSchema(): SchemaNode {
  return z.toJSONSchema(configurationSchema, {
    target: 'draft-7',
    io: 'input',
    override({ jsonSchema }) {
      const { properties = {} } = jsonSchema;
      for (const [name, member] of Object.entries(properties)) {
        if (typeof member === 'object' && 'not' in member) delete properties[name];
      }
    },
  }) as SchemaNode;
}

export interface DescribedMember {
  readonly name: string;
  readonly meaning: string;
  /** JSON, `required`, or undefined for what is simply absent. */
  readonly byDefault: string | undefined;
  readonly bounds: string;
  readonly change: 'reload' | 'restart';
}

export interface DescribedSection {
  /** `audit.sinks[]`, type `syslog`; empty for the members of the file itself. */
  readonly title: string;
  readonly members: readonly DescribedMember[];
}

/** Every member of the file by its section, in the order of the schema. */
export function describedSections(): readonly DescribedSection[] {
  return sectionsOf('', configurationJsonSchema());
}

function sectionsOf(path: string, node: SchemaNode, variant = ''): readonly DescribedSection[] {
  const members = Object.entries(node.properties ?? {});
  const below = (name: string) => (path === '' ? name : `${path}.${name}`);
  const own = members.filter(([, member]) => !isSection(member));
  return [
    ...(own.length === 0
      ? []
      : [{ title: path + variant, members: own.map(([name, each]) => described(below(name), each, node)) }]),
    ...members.flatMap(([name, member]) => [
      ...(isSection(member) ? sectionsOf(below(name), member) : []),
      ...(member.items && !IN_FILE_ONLY[below(name)] ? elementsOf(`${below(name)}[]`, member.items) : []),
      ...(typeof member.additionalProperties === 'object'
        ? elementsOf(`${below(name)}.NAME`, member.additionalProperties)
        : []),
    ]),
  ];
}

function isSection(node: SchemaNode): boolean {
  return node.properties !== undefined;
}

/** Of the elements of a list, or the members of a map by name; of each of several types. */
function elementsOf(path: string, node: SchemaNode): readonly DescribedSection[] {
  return (node.oneOf ?? node.anyOf ?? [node])
    .filter(isSection)
    .flatMap((each) => sectionsOf(path, each, variantOf(each)));
}

function variantOf({ properties }: SchemaNode): string {
  const type = properties?.type?.const;
  return type === undefined ? '' : ` (type ${String(type)})`;
}

function described(path: string, node: SchemaNode, { required = [] }: SchemaNode): DescribedMember {
  const name = path.slice(path.lastIndexOf('.') + 1);
  return {
    name: path,
    meaning: node.description ?? '',
    byDefault:
      node.default === undefined
        ? required.includes(name)
          ? 'required'
          : undefined
        : JSON.stringify(node.default),
    bounds: boundsOf(node),
    change: isReloadable(path) ? 'reload' : 'restart',
  };
}

function boundsOf(node: SchemaNode): string {
  const of = node.anyOf ?? node.oneOf;
  if (of) return of.map(boundsOf).join(' or ');
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum) return node.enum.map((each) => JSON.stringify(each)).join(', ');
  const { minimum, maximum, minLength, maxLength, minItems, maxItems } = node;
  const kind = Array.isArray(node.type) ? node.type.join(' or ') : String(node.type ?? 'any');
  const bounds = [
    range(minimum, maximum, ''),
    minLength === 1 && maxLength === undefined ? '' : range(minLength, maxLength, ' characters'),
    range(minItems, maxItems, ' items'),
  ];
  return bounds.filter((each) => each !== '').join(', ') || kind;
}

function range(least: number | undefined, most: number | undefined, unit: string): string {
  const hasMost = most !== undefined && most !== Number.MAX_SAFE_INTEGER;
  const hasLeast = least !== undefined && least !== Number.MIN_SAFE_INTEGER;
  if (hasLeast && hasMost) return `${least}–${most}${unit}`;
  if (hasMost) return `≤ ${most}${unit}`;
  return hasLeast ? `≥ ${least}${unit}` : '';
}
