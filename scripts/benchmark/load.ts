// One of the callers' processes: asks for tokens as fast as they come and prints how many it got.
import { Agent, request } from 'node:http';
import { cpuSeconds } from './process-usage.ts';

const [url = '', credential = '', callers = '64', seconds = '10', batch = '1', service = '0'] =
  process.argv.slice(2);
const size = Number(batch);
const claims = { sub: 'user-1' };
const body = JSON.stringify(
  size === 1 ? { claims } : { requests: Array.from({ length: size }, () => ({ claims })) },
);
const agent = new Agent({ keepAlive: true, maxSockets: Number(callers) });
const headers = {
  authorization: `Bearer ${credential}`,
  'content-type': 'application/json',
  'content-length': Buffer.byteLength(body),
};
const WARM_UP_MS = 2_000;

let issued = 0;
let refused = 0;
let going = true;
const callersDone = Promise.all(Array.from({ length: Number(callers) }, call));
await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
issued = 0;
const [began, cpuBegan] = [performance.now(), cpuSeconds(Number(service))];
await new Promise((resolve) => setTimeout(resolve, 1_000 * Number(seconds)));
const rate = (1_000 * issued) / (performance.now() - began);
const cpuUs = (1_000_000 * (cpuSeconds(Number(service)) - cpuBegan)) / issued;
going = false;
await callersDone;
console.log(JSON.stringify({ rate, cpuUs, refused }));
agent.destroy();

async function call(): Promise<void> {
  while (going) {
    const status = await ask();
    if (status === (size === 1 ? 201 : 200)) issued += size;
    else refused += 1;
  }
}

function ask(): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
