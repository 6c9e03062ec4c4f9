// Starts a service of its own in a temporary folder, asks it for tokens with wrk, and measures the bare HSM with a
// C loop in the same run: figures of different runs or machines do not compare, their ratios do.
import { parseArgs } from 'node:util';
import { startService } from '../test/support/running-service.ts';
import { compileLoop, runLoop } from './benchmark/c-loop.ts';
import { CLAIMS, runWrk } from './benchmark/wrk.ts';

const HELP = `Usage: ./scripts/bench [--seconds N] [--connections N] [--algorithm ES256 …]

One service, wrk with one thread on the same machine, every token recorded and verified.
`;
const MOST_THREADS = 2;

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '64' },
    algorithm: { type: 'string', multiple: true, default: ['ES256', 'RS256', 'Ed25519'] },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  process.stdout.write(HELP);
} else {
  const rows = await measure(options.algorithm, Number(options.seconds), Number(options.connections));
  if (options.json) console.log(JSON.stringify(rows));
  else console.table(rows);
}

async function measure(algorithms: readonly string[], seconds: number, connections: number) {
  const loop = await compileLoop();
  const service = await startService();
  const rows = [];
  try {
    for (const algorithm of algorithms) {
      const id = algorithm.toLowerCase();
      process.stderr.write(
        `${algorithm}: making keys, then ${seconds} s of wrk and ${MOST_THREADS} × 3 s of C\n`,
      );
      const { sign } = await service.provision({ id, algorithm });
      const url = `${service.dataUrl}/v1/scopes/${id}/tokens`;
      await runWrk({ url, credential: sign, seconds: 2, connections, bodies: [CLAIMS] });
      const served = await runWrk({ url, credential: sign, seconds, connections, bodies: [CLAIMS] });
      const { body } = await service.operations('GET', `/v1/admin/keys?scope=${id}`);
      const hsmId = body.keys.find((key: { state: string }) => key.state === 'active').hsm_id;
      const bare = [];
      for (let threads = 1; threads <= MOST_THREADS; threads++) {
        bare.push(await runLoop(loop, service.hsm, { hsmId, algorithm, threads, seconds: 3 }));
      }
      const best = Math.max(...bare);
      rows.push({
        algorithm,
        'tokens/s': Math.round(served.perSecond),
        'p50 ms': served.p50Ms,
        'p99 ms': served.p99Ms,
        'not 201': served.failed,
        'C loop/s, 1 thread': bare[0],
        'C loop/s, 2 threads': bare[1],
        'of the better loop': `${Math.round((100 * served.perSecond) / best)} %`,
      });
    }
    return rows;
  } finally {
    await service.stop();
    await service.remove();
  }
}
