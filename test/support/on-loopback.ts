import type { RequestListener } from 'node:http';
import request from 'supertest';
import { onTestFinished } from 'vitest';
import type { ErrorCode } from '../../src/kernel/errors.ts';
import { type Listener, type ListenerConfig, listen } from '../../src/server/listener.ts';
import {
  administered,
  createDataPlane,
  createOperationsPlane,
  type DataPlaneDeps,
  dataPlaneDeps,
  type OperationsChanges,
  operationsPlaneDeps,
  publicReports,
  type ReportChanges,
} from './planes.ts';

/** Serves the application for as long as the test runs. */
export async function onLoopback(
  app: RequestListener,
  bounds: Parameters<typeof listen>[3] = {},
  config: Partial<ListenerConfig> = {},
) {
  const refused: ErrorCode[] = [];
  const hooks = { problem: (code: ErrorCode) => refused.push(code) };
  const listener: Listener = await listen(app, { host: '127.0.0.1', port: 0, ...config }, hooks, bounds);
  onTestFinished(() => listener.close());
  return { listener, refused, http: request(`http://127.0.0.1:${listener.port}`) };
}

export async function dataPlane({
  publicly,
  ...changes
}: Partial<DataPlaneDeps> & { readonly publicly?: ReportChanges } = {}) {
  return (await onLoopback(createDataPlane(dataPlaneDeps(changes), publicReports(publicly)))).http;
}

export async function operationsPlane(changes: OperationsChanges = {}) {
  const app = createOperationsPlane(operationsPlaneDeps(changes), administered(changes));
  return (await onLoopback(app)).http;
}
