// npm run schemathesis: holds a service of its own against both of its OpenAPI documents with schemathesis, which has to be
// on the PATH (pipx install schemathesis). Arguments go on to it. Ends as schemathesis does.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startService } from '../test/support/running-service.ts';

const PROGRAM = 'schemathesis';
/** Whatever a caller sends, the service has not failed, and says what it has described. */
const CHECKS =
  'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance';

if (spawnSync(PROGRAM, ['--version']).status !== 0) {
  console.error(`${PROGRAM} is not on the PATH: pipx install schemathesis`);
  process.exit(2);
}
const service = await startService({
  config: {
    limits: { anonymous_requests_per_second: 100_000, failed_authentications_per_minute: 1_000_000 },
  },
});
try {
  const { sign, verify } = await service.provision({ id: 'payments' });
  const known = join(service.hsm.folder, 'schemathesis.toml');
  writeFileSync(known, settings({ scope: 'payments', client: 'payments-verify', token: 'primary' }));
  const planes = [
    ['data plane, as an identity service', service.dataUrl, sign],
    ['data plane, as a relying service', service.dataUrl, verify],
    ['operations plane', service.operationsUrl, service.operator],
  ] as const;
  for (const [name, url, credential] of planes) {
    console.log(`${name}: ${url}/openapi.json`);
    const { status } = spawnSync(
      PROGRAM,
      [
        `--config-file=${known}`,
        'run',
        `${url}/openapi.json`,
        `--url=${url}`,
        `--header=Authorization: Bearer ${credential}`,
        `--checks=${CHECKS}`,
        ...process.argv.slice(2),
      ],
      { stdio: 'inherit' },
    );
    process.exitCode ||= status ?? 1;
  }
} finally {
  await service.remove();
}

/** What a schema cannot say: names that are there, since whatever is not there is answered 404 and nothing behind it tried. */
function settings(names: Readonly<Record<string, string>>): string {
  return [
    // A stream of events never ends.
    'max-stream-events = 1',
    'request-timeout = 5',
    // 503 is described with its codes, and says when to ask again.
    '[checks.not_a_server_error]',
    'expected-statuses = ["2xx", "3xx", "4xx", 503]',
    '[parameters]',
    ...Object.entries(names).map(([name, value]) => `"path.${name}" = ${JSON.stringify(value)}`),
    '',
  ].join('\n');
}
