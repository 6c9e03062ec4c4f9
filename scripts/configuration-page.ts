// Writes docs/configuration.md and its JSON Schema, which a test holds against the schema of the configuration.
import { writeFileSync } from 'node:fs';
import {
  configurationJsonSchema,
  type DescribedMember,
  type DescribedSection,
  describedSections,
  variableNames,
} from '../src/configuration/reference.ts';

export const PAGE = new URL('../docs/configuration.md', import.meta.url);
export const SCHEMA = new URL('../docs/schemas/keyward-config.schema.json', import.meta.url);

const INTRODUCTION = `# Configuration

\`npm run docs:configuration\` makes this page from the schema in \`src/config.ts\`.

- The service reads one YAML file: \`--config\`, else \`KEYWARD_CONFIG\`, else \`/etc/keyward/config.yaml\`.
- Paths in it are relative to the file.
- It holds no secrets, only the paths of files that do.
- A member that is not known is refused, with the nearest name that is.

| command | does |
|---|---|
| \`keyward config check\` | reads the file, the environment and the PEM files they name; shows every mistake with line and column |
| \`keyward config show\` | prints what the service would use, with defaults |
| \`keyward config schema\` | prints the [JSON Schema](schemas/keyward-config.schema.json) |
| \`keyward reload\` | makes the running service read the file again |

None of the first three needs a service or an HSM.
\`config check\` ends with 0 if all is right, and with 1 otherwise.

For an editor with the YAML language server, begin the file with:

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
- A variable that is not known is refused, with the nearest name that is.
- Secrets have no variables; variables name the files that hold them.
- Variables of the command line (\`KEYWARD_CONFIG\`, \`KEYWARD_OPERATIONS_URL\`, \`KEYWARD_CREDENTIAL_FILE\`) and those that Kubernetes adds for Services are no settings.
- What Keyward writes into the file has no variable: \`hsm.registry_key\`, \`hsm.audit_key\`, \`hsm.replacements\`, \`hsm_tokens\`.

## Reload

\`keyward reload\` and SIGHUP read the file again.
A variable of the environment keeps its value until a restart.
The column *change* says what a changed member takes: a *reload* or a *restart*.

- A reload with a mistake in it changes nothing.
- A changed member that takes a restart is refused and named; all others take effect.
- Each refusal is a log line and the event [\`service.reload_refused\`](events.md#servicereload_refused).
- Certificates, keys and CA bundles are also read again by themselves, within seconds of a change of the file.
  One that is not good is refused, and the service keeps the one it has.
`;

export function configurationPage(): string {
  return [
    INTRODUCTION,
    '## Members\n',
    ...describedSections().map(section),
    '## Variables\n',
    '```',
    ...variableNames(),
    '```',
    '',
  ].join('\n');
}

export function configurationSchemaText(): string {
  return `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`;
}

function section({ title, members }: DescribedSection): string {
  return [
    `### ${title === '' ? 'The file itself' : title}`,
    '',
    '| member | meaning | default | values | change |',
    '|---|---|---|---|---|',
    ...members.map(row),
    '',
  ].join('\n');
}

function row({ name, meaning, byDefault, bounds, change }: DescribedMember): string {
  const shown = byDefault === undefined ? '' : byDefault === 'required' ? '*required*' : `\`${byDefault}\``;
  return `| \`${name}\` | ${meaning} | ${shown} | ${bounds} | ${change} |`;
}

if (import.meta.main) {
  writeFileSync(PAGE, configurationPage());
  writeFileSync(SCHEMA, configurationSchemaText());
}
