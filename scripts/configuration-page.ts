// Writes docs/configuration.md and its JSON Schema, which a test holds against the schema of the configuration.
import { writeFileSync } from 'node:fs';
import {
  configurationJsonSchema,
  type DescribedMember,
  type DescribedSection,
  describedSections,
} from '../src/configuration/reference.ts';

export const PAGE = new URL('../docs/configuration.md', import.meta.url);
export const SCHEMA = new URL('../docs/schemas/keyward-config.schema.json', import.meta.url);

const INTRODUCTION = `# Configuration

\`npm run docs:configuration\` makes this page from the schema in \`src/config.ts\`.

- The service reads one YAML file: \`--config\`, else \`KEYWARD_CONFIG\`, else \`/etc/keyward/config.yaml\`.
- Paths in it are relative to the file.
- It holds no secrets, only the paths of files that do: mode 0600, or root's as systemd (\`LoadCredential=\`) or Kubernetes (\`fsGroup\`) mount them.
- Unknown members are refused.

| command | does |
|---|---|
| \`keyward config check\` | shows the mistakes in file, environment and PEM files, the first twenty, with line and column |
| \`keyward config show\` | prints what the service would use, with defaults |
| \`keyward config schema\` | prints the [JSON Schema](schemas/keyward-config.schema.json) |
| \`keyward reload\` | makes the running service read the file again |

The first three need neither service nor HSM.

For the YAML language server, begin the file with:

\`\`\`yaml
# yaml-language-server: $schema=docs/schemas/keyward-config.schema.json
\`\`\`

## Environment

A variable goes before the file.
Its name is \`KEYWARD_\` and the path of the member in capitals, with two underscores between its parts:
\`KEYWARD_DATA_PLANE__PORT=8443\` sets \`data_plane.port\`.

- A list of texts is separated by commas, or written as JSON.
- Other lists and maps are JSON: \`KEYWARD_AUDIT__SINKS='[{"type":"file","file":"audit.jsonl"}]'\`.
- \`null\` is null.
- Unknown variables are refused, but for those of the command line and those that Kubernetes adds for Services.
- What Keyward writes into the file has no variable: \`hsm.registry_key\`, \`hsm.audit_key\`, \`hsm.replacements\`, \`hsm_tokens\`.

## Reload

\`keyward reload\` and SIGHUP read the file again; variables keep their values.
A member with a mark in the column *reload* takes effect; a change of another one is refused and named, and takes a restart.

- A reload with a mistake in it changes nothing.
- Each refusal is a log line and the event [\`service.reload_refused\`](events.md#servicereload_refused).
- Certificates, keys and CA bundles are read again by themselves, within seconds.
  One that is not good is refused, and the service keeps the one it has.
`;

/** Sections that have members of another one: those are named, and not described again. */
const LIKE: Readonly<Record<string, string>> = {
  'hsm_tokens.NAME': 'hsm',
  operations_plane: 'data_plane',
  'operations_plane.tls': 'data_plane.tls',
  'notifications.targets.NAME (type email)': 'notifications.targets.NAME (type webhook)',
  'notifications.targets.NAME (type syslog)': 'notifications.targets.NAME (type webhook)',
  'notifications.targets.NAME (type file)': 'notifications.targets.NAME (type webhook)',
};

export function configurationPage(): string {
  const sections = describedSections();
  return [INTRODUCTION, '## Members\n', ...sections.map((each) => section(each, sections))].join('\n');
}

export function configurationSchemaText(): string {
  return `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`;
}

function section({ title, members }: DescribedSection, all: readonly DescribedSection[]): string {
  const like = all.find((each) => each.title === LIKE[title]);
  const known = (like?.members ?? []).map(withoutSection);
  const own = members.filter((member) => !known.includes(withoutSection(member)));
  const shared = members.filter((member) => !own.includes(member)).map(({ name }) => `\`${lastOf(name)}\``);
  return [
    `### ${title === '' ? 'The file itself' : title}`,
    '',
    ...(like ? [`As of [${like.title}](#${anchor(like.title)}): ${shared.join(', ')}.`, ''] : []),
    ...(own.length === 0
      ? []
      : ['| member | meaning | default | values | reload |', '|---|---|---|---|---|', ...own.map(row), '']),
  ].join('\n');
}

function withoutSection({ name, ...said }: DescribedMember): string {
  return JSON.stringify({ ...said, name: lastOf(name) });
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** As GitHub names it. */
function anchor(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

function row({ name, meaning, byDefault, bounds, change }: DescribedMember): string {
  const shown = byDefault === undefined ? '' : byDefault === 'required' ? '*required*' : `\`${byDefault}\``;
  return `| \`${name}\` | ${meaning} | ${shown} | ${bounds} | ${change === 'reload' ? '✓' : ''} |`;
}

if (import.meta.main) {
  writeFileSync(PAGE, configurationPage());
  writeFileSync(SCHEMA, configurationSchemaText());
}
