// Asks for tokens at a rate of its own, whatever the answers do, and prints what became of them; at rate 0 each
// connection asks again as soon as it is answered:
// node scripts/benchmark/open-loop.ts URL CREDENTIAL RATE SECONDS [CONNECTIONS [WARM-UP SECONDS]]
import { connect, type Socket } from 'node:net';
import { constants, setPriority } from 'node:os';

const [url = '', credential = '', rate = '1000', seconds = '10', connections = '1000', warmUp = '3'] =
  process.argv.slice(2);
const { hostname, port, pathname } = new URL(url);
const body = JSON.stringify({ claims: { sub: 'user-1' } });
const REQUEST = [
  `POST ${pathname} HTTP/1.1`,
  `Host: ${hostname}`,
  `Authorization: Bearer ${credential}`,
  'Content-Type: application/json',
  `Content-Length: ${body.length}`,
  '',
  body,
].join('\r\n');
const isClosed = Number(rate) === 0;
const WARM_UP_MS = 1_000 * Number(warmUp);
const TICK_MS = 1;
const GIVE_UP_MS = 2_000;

interface Line {
  readonly socket: Socket;
  /** When its request was due; undefined while it has none. */
  due: number | undefined;
  heard: string;
}

// Who measures must not wait for what is measured. Without the right to it, it does.
try {
  setPriority(constants.priority.PRIORITY_HIGH);
} catch {
  console.error('no right to a higher priority: waits are measured a little too long');
}

const idle: Line[] = [];
const due: number[] = [];
const waits: Record<string, number[]> = {};
let lost = 0;
let from = Number.POSITIVE_INFINITY;

for (let count = 0; count < Number(connections); count++) idle.push(open());

function open(): Line {
  const line: Line = { socket: connect(Number(port), hostname), due: undefined, heard: '' };
  line.socket.setNoDelay(true);
  line.socket.on('data', (chunk) => {
    line.heard += chunk.toString('latin1');
    const head = line.heard.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(line.heard)?.[1] ?? 0);
    if (line.heard.length < head + 4 + length) return;
    const kind = `${line.heard.slice(9, 12)} ${/"code":"(\w+)"/.exec(line.heard)?.[1] ?? ''}`.trim();
    if ((line.due ?? 0) >= from) {
      waits[kind] ??= [];
      waits[kind].push(performance.now() - (line.due ?? 0));
    }
    line.heard = '';
    line.due = undefined;
    idle.push(line);
    if (isClosed && performance.now() < until) due.push(performance.now());
    send();
  });
  line.socket.on('error', () => undefined);
  line.socket.on('close', () => {
    if ((line.due ?? 0) >= from) lost++;
    const at = idle.indexOf(line);
    if (at >= 0) idle.splice(at, 1);
    idle.push(open());
  });
  return line;
}

function send(): void {
  while (due.length > 0 && idle.length > 0) {
    const line = idle.pop() as Line;
    line.due = due.shift();
    line.socket.write(REQUEST);
  }
}

const began = performance.now();
from = began + WARM_UP_MS;
const until = from + 1_000 * Number(seconds);
let asked = 0;
await new Promise<void>((resolve) => {
  const timer = setInterval(() => {
    const now = performance.now();
    if (isClosed) for (const _ of idle) due.push(now);
    else
      for (; asked < ((now - began) * Number(rate)) / 1_000; asked++) {
        due.push(began + (1_000 * asked) / Number(rate));
      }
    send();
    if (now < until) return;
    clearInterval(timer);
    resolve();
  }, TICK_MS);
});
const unanswered = due.length;
for (const deadline = performance.now() + GIVE_UP_MS; performance.now() < deadline; ) {
  if (due.length === 0 && idle.length === Number(connections)) break;
  await new Promise((resolve) => setTimeout(resolve, 10));
}
const at = (of: readonly number[], share: number) =>
  Math.round(10 * (of.toSorted((a, b) => a - b)[Math.floor((of.length - 1) * share)] ?? 0)) / 10;
console.log(
  JSON.stringify({
    rate: Number(rate),
    unsent: unanswered,
    lost: lost + Number(connections) - idle.length,
    answers: Object.fromEntries(
      Object.entries(waits).map(([kind, of]) => [
        kind,
        {
          aSecond: Math.round(of.length / Number(seconds)),
          p50: at(of, 0.5),
          p99: at(of, 0.99),
          p999: at(of, 0.999),
          most: at(of, 1),
        },
      ]),
    ),
  }),
);
process.exit();
