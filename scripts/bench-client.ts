// The client library against other verifiers in one process, on tokens of a key in memory and a key set from a local
// server. CPU time counts all threads; of several rounds each the least disturbed is told.
import { parseArgs } from 'node:util';
import { ALGORITHM_NAMES, type Algorithm } from '../src/kernel/algorithm.ts';
import { startIssuer } from './benchmark/client/issuer.ts';
import { measure, type Result } from './benchmark/client/rounds.ts';

const HELP = `Usage: ./scripts/bench-client [--algorithm ES256 …] [--rounds N] [--tokens N] [--concurrency N] [--json]

Microseconds a token of @keyward/client, jose (remote key set), fast-jwt (with and without its cache) and jsonwebtoken:
cold tokens, each seen once, and repeated ones. EdDSA is Ed25519 under its older name.
`;

const { values: options } = parseArgs({
  options: {
    algorithm: { type: 'string', multiple: true, default: ['ES256', 'RS256', 'Ed25519', 'EdDSA'] },
    rounds: { type: 'string', default: '7' },
    tokens: { type: 'string', default: '1000' },
    concurrency: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  process.stdout.write(HELP);
} else {
  const effort = {
    rounds: Number(options.rounds),
    tokens: Number(options.tokens),
    concurrency: Number(options.concurrency),
  };
  const rows = [];
  for (const name of options.algorithm) rows.push(...(await rowsOf(algorithmIn(name), effort)));
  if (options.json) console.log(JSON.stringify(rows));
  else console.table(rows);
}

async function rowsOf(algorithm: Algorithm, effort: Parameters<typeof measure>[1]) {
  const issuer = await startIssuer(algorithm);
  try {
    const results = await measure(issuer, effort);
    return Object.entries(results).map(([library, result]) => rowOf(algorithm, library, result));
  } finally {
    issuer.close();
  }
}

function rowOf(algorithm: Algorithm, library: string, result: Result) {
  if ('cannot' in result) return { algorithm, library, cannot: result.cannot };
  const { cold, repeated } = result;
  return {
    algorithm,
    library,
    'cold, µs CPU': rounded(cold.cpuMicros),
    'cold, µs': rounded(cold.wallMicros),
    'repeated, µs CPU': rounded(repeated.cpuMicros),
    'repeated, µs': rounded(repeated.wallMicros),
  };
}

function rounded(micros: number): number {
  return Math.round(micros * 10) / 10;
}

function algorithmIn(name: string): Algorithm {
  const algorithm = ALGORITHM_NAMES.find((each) => each === name);
  if (algorithm) return algorithm;
  throw new Error(`--algorithm: use ${ALGORITHM_NAMES.join(', ')}`);
}
