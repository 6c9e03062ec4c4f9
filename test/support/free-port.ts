import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the range from which the kernel gives ports to those who ask for any. */
const [LOWEST, BEYOND] = [20_000, 32_000];

/** Ports that nothing listens on, all different: for programs that must be told one. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(LOWEST, BEYOND);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
