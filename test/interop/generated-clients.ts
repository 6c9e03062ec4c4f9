import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { succeeds } from './runtimes.ts';

const TOOLS = fileURLToPath(new URL('../../tools/clients/', import.meta.url));
const PLANES = ['data', 'operations'] as const;

/** How to make clients of both descriptions; `missing` names what is not on this machine. */
export interface Generator {
  readonly name: string;
  readonly missing: string | undefined;
  /** Generates and builds in the folder, where the descriptions lie as `data.json` and `operations.json`. */
  prepare(folder: string): readonly string[];
}

function go(): Generator {
  const source = join(TOOLS, 'go');
  const hasGo = succeeds('go', ['version']);
  const found = hasGo && succeeds('go', ['tool', 'oapi-codegen', '-version'], source);
  return {
    name: 'Go, oapi-codegen',
    missing: hasGo ? (found ? undefined : 'oapi-codegen in the module cache') : 'go',
    prepare: (folder) => {
      const built = join(folder, 'go');
      cpSync(source, built, { recursive: true });
      for (const plane of PLANES) {
        mkdirSync(join(built, plane));
        run('go', ['tool', 'oapi-codegen', '-config', `${plane}.yaml`, join(folder, `${plane}.json`)], built);
      }
      run('go', ['vet', './...'], built);
      run('go', ['build', '-o', 'try-clients', '.'], built);
      return [join(built, 'try-clients')];
    },
  };
}

function python(): Generator {
  const source = join(TOOLS, 'python');
  const modules = 'import openapi_python_client, httpx, attrs';
  const interpreter = [join(source, '.venv/bin/python'), 'python3'].find((each) =>
    succeeds(each, ['-c', modules]),
  );
  return {
    name: 'Python, openapi-python-client',
    missing: interpreter ? undefined : 'openapi-python-client',
    prepare: (folder) => {
      const command = interpreter ?? 'python3';
      for (const plane of PLANES) {
        const from = ['--path', join(folder, `${plane}.json`), '--config', join(source, 'config.yaml')];
        const to = ['--meta', 'none', '--output-path', join(folder, `keyward_${plane}`)];
        run(
          command,
          ['-m', 'openapi_python_client', 'generate', '--fail-on-warning', ...from, ...to],
          folder,
        );
      }
      cpSync(join(source, 'try_clients.py'), join(folder, 'try_clients.py'));
      run(command, ['-m', 'compileall', '-q', folder], folder);
      return [command, join(folder, 'try_clients.py')];
    },
  };
}

function run(command: string, args: readonly string[], folder: string): void {
  if (!succeeds(command, args, folder)) throw new Error(`${command} ${args.join(' ')} has failed`);
}

export const generators = (): readonly Generator[] => [go(), python()];
