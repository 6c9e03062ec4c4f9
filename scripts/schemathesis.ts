// npm run schemathesis: holds a service of its own against both of its OpenAPI documents with schemathesis, which has to be
// on the PATH (pipx install schemathesis). Arguments go on to it. Ends as schemathesis does.
import { spawnSync } from 'node:child_process';
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
