import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { startService } from '../support/running-service.ts';

let holder: Server | undefined;

afterEach(() => holder?.close());

const listening = () =>
  new Promise<Server>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
  });

it.each(['data_plane', 'operations_plane'])(
  'a service whose %s has an address that is taken says so by name, and ends',
  async (plane) => {
    holder = await listening();
    const { port } = holder.address() as AddressInfo;
    const public_url = 'http://127.0.0.1:8080';
    const planes = { data_plane: { port: 0, public_url }, operations_plane: { port: 0 } };
    const config = { ...planes, [plane]: { ...planes[plane as keyof typeof planes], port } };
    await expect(startService({ config })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
    );
  },
  60_000,
);
