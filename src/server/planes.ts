import type { RequestListener } from 'node:http';
import type { ErrorCode } from '../kernel/errors.ts';
import type { AdmissionDeps } from './admission.ts';
import type { GateDeps } from './ask-gate.ts';
import { LoopLoad } from './caller-budget.ts';
import { type ListenerConfig, listen } from './listener.ts';
import { type Described, describeApi } from './openapi.ts';
import { metricsRoute, openapiRoute } from './own-routes.ts';
import type { PassedSockets } from './passed-sockets.ts';
import { createPlaneApp, type PlaneSettings } from './plane-app.ts';
import type { Route } from './route.ts';
import { shedRequest } from './shed-load.ts';

/** All that the data plane answers; its `/openapi.json` describes this plane alone. */
export function dataPlaneRoutes<R extends Described>(given: readonly R[]) {
  const routes: readonly (R | ReturnType<typeof openapiRoute>)[] = [
    ...given,
    openapiRoute(() => describeApi('data', routes)),
  ];
  return routes;
}

/** All that the operations plane answers; its `/openapi.json` describes this plane alone. */
export function operationsPlaneRoutes<R extends Described>(given: readonly R[]) {
  const routes: readonly (R | ReturnType<typeof openapiRoute> | typeof metricsRoute)[] = [
    ...given,
    metricsRoute,
    openapiRoute(() => describeApi('operations', routes)),
  ];
  return routes;
}

/** What identity services and relying services talk to. Nothing of operations answers here. */
export function createDataPlane<Deps extends PlaneSettings & AdmissionDeps>(
  deps: Deps,
  routes: readonly Route<Deps>[],
): RequestListener {
  return createPlaneApp('data', dataPlaneRoutes(routes), deps, {
    shed: (request, { identity }) => shedRequest(request, identity, deps),
  });
}

/** What the security team and its tools talk to; on loopback unless configured otherwise. */
export function createOperationsPlane<Deps extends PlaneSettings & GateDeps>(
  deps: Deps,
  routes: readonly Route<Deps>[],
): RequestListener {
  return createPlaneApp('operations', operationsPlaneRoutes(routes), deps);
}

interface PlanesDeps extends Omit<PlaneSettings, 'listener'>, AdmissionDeps, GateDeps {
  readonly config: Readonly<
    Record<'data_plane' | 'operations_plane', ListenerConfig & PlaneSettings['listener']>
  >;
  readonly routes: {
    readonly data: readonly Route<AdmissionDeps>[];
    readonly operations: readonly Route<GateDeps>[];
  };
  readonly passed: PassedSockets;
}

/** Both planes listen, or none does. */
export async function listenOnPlanes({ config, routes, passed, ...deps }: PlanesDeps) {
  const { data_plane, operations_plane } = config;
  const hooks = { problem: (code: ErrorCode) => deps.metrics.problems.inc({ code }) };
  const shared = { ...deps, load: new LoopLoad() };
  const dataApp = createDataPlane({ ...shared, listener: data_plane }, routes.data);
  const data = await listen(dataApp, data_plane, hooks, { descriptor: passed.data });
  try {
    const operationsApp = createOperationsPlane({ ...shared, listener: operations_plane }, routes.operations);
    const descriptor = passed.operations;
    return { data, operations: await listen(operationsApp, operations_plane, hooks, { descriptor }) };
  } catch (error) {
    await data.close();
    throw error;
  }
}
