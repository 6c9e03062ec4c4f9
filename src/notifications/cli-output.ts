import type { Context } from '../cli/context.ts';
import { EXIT } from '../cli/failure.ts';
import { connect } from '../cli/operations-client.ts';
import { more, type Paging, pages } from '../cli/pages.ts';
import { show } from '../cli/show.ts';
import { type Cell, table } from '../cli/table.ts';
import type { DeliveryAnswer, DeliveryPageAnswer, TargetTestAnswer } from './routes.ts';

function describeTargetTests(tests: readonly TargetTestAnswer[], { terminal }: Context): string {
  if (tests.length === 0) return 'no notification target is configured: security events are told to nobody';
  return table(
    ['target', 'type', 'result', 'error'],
    tests.map(({ target, type, ok, error }) => [
      [target, 'bold'],
      type,
      ok ? ['sent', 'green'] : ['failed', 'red'],
      error ?? '',
    ]),
    terminal,
  );
}

function describeDeliveries(deliveries: readonly DeliveryAnswer[], { terminal }: Context): string {
  if (deliveries.length === 0) return 'no deliveries';
  return table(
    [
      'id',
      'event',
      'severity',
      { name: 'route', extra: true },
      'target',
      'state',
      { name: 'attempts', extra: true },
      'since',
      'last error',
    ],
    deliveries.map((delivery) => [
      String(delivery.id),
      delivery.kind === 'event' ? String(delivery.event) : `${delivery.event} (${delivery.kind})`,
      delivery.severity,
      delivery.contacts_of === null ? delivery.route : `${delivery.route} of ${delivery.contacts_of}`,
      [delivery.target, 'bold'],
      state(delivery),
      String(delivery.attempts),
      { time: delivery.created_at },
      delivery.last_error ?? '',
    ]),
    terminal,
  );
}

function state({ state: name }: DeliveryAnswer): Cell {
  if (name === 'dead') return [name, 'red'];
  return name === 'pending' ? [name, 'yellow'] : name;
}

interface NotifyListOptions extends Paging<number> {
  readonly state?: string;
  readonly target?: string;
}

export async function notifyList(context: Context, options: NotifyListOptions): Promise<void> {
  const call = await connect(context);
  const path = '/notifications/deliveries';
  const answer: DeliveryPageAnswer = await pages(call, path, 'deliveries', options);
  show(context, answer, () => describeDeliveries(answer.deliveries, context) + more(answer.next));
}

export async function notifyReplay(context: Context, id: number): Promise<void> {
  const call = await connect(context);
  const path = `/notifications/deliveries/${id}/replay`;
  const answer = await call<{ delivery: DeliveryAnswer }>('POST', path);
  show(context, answer, () => describeDeliveries([answer.delivery], context));
}

/** Another exit code where a target did not take it, or there is none at all. */
export async function notifyTest(context: Context, { target }: { readonly target?: string }): Promise<void> {
  const call = await connect(context);
  const body = target === undefined ? {} : { target };
  const answer = await call<{ tests: readonly TargetTestAnswer[] }>('POST', '/notifications/test', body);
  show(context, answer, () => describeTargetTests(answer.tests, context));
  if (answer.tests.length === 0 || answer.tests.some(({ ok }) => !ok)) context.terminal.endWith(EXIT.failed);
}
