import { stringify } from 'yaml';
import type { Context } from '../cli/context.ts';
import { showPlainly } from '../cli/show.ts';
import { readConfig } from '../config.ts';
import { readPemFiles } from './pem-files.ts';
import { configurationJsonSchema } from './reference.ts';
import { shownConfiguration } from './shown.ts';

/** `invalid_config` (a `FlawedFile`) names what is wrong, also in PEM files of a file that the schema refuses. */
export async function check(context: Context): Promise<void> {
  const { configFile, environment, terminal } = context;
  const nowMs = terminal.nowSeconds * 1_000;
  const config = readConfig(
    configFile,
    environment.settings,
    (members, folder) => readPemFiles(members, nowMs, folder).flaws,
  );
  const variables = Object.keys(config.variables);
  showPlainly(context, { ok: true, file: config.file, variables }, () => `${config.file} is right`);
}

export async function showConfiguration(context: Context): Promise<void> {
  const config = readConfig(context.configFile, context.environment.settings);
  const settings = shownConfiguration(config);
  const variables = Object.keys(config.variables);
  showPlainly(context, { file: config.file, variables, settings }, () =>
    [
      `# ${config.file}, with defaults filled in`,
      ...variables.map((name) => `# from the environment: ${name}`),
      stringify(settings, { lineWidth: 0 }).trimEnd(),
    ].join('\n'),
  );
}

export async function schema({ terminal }: Context): Promise<void> {
  terminal.print(JSON.stringify(configurationJsonSchema(), null, 2));
}
