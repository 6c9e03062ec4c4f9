import type { DeliveryAnswer, TargetTestAnswer } from './answers.ts';
import type { Context } from './context.ts';
import { type Cell, table } from './text.ts';
import { humanTime } from './time.ts';

export function describeTargetTests(tests: readonly TargetTestAnswer[], { terminal }: Context): string {
  if (tests.length === 0) return 'no notification target is configured: security events are told to nobody';
  return table(
    ['target', 'type', 'result', 'error'],
    tests.map(({ target, type, ok, error }) => [
      [target, 'bold'],
      type,
      ok ? ['sent', 'green'] : ['failed', 'red'],
      error ?? '',
    ]),
    terminal.colour,
  );
}

export function describeDeliveries(deliveries: readonly DeliveryAnswer[], { terminal }: Context): string {
  if (deliveries.length === 0) return 'no deliveries';
  return table(
    ['id', 'event', 'severity', 'route', 'target', 'state', 'attempts', 'since', 'last error'],
    deliveries.map((delivery) => [
      String(delivery.id),
      delivery.kind === 'event' ? String(delivery.event) : `${delivery.event} (${delivery.kind})`,
      delivery.severity,
      delivery.contacts_of === null ? delivery.route : `${delivery.route} of ${delivery.contacts_of}`,
      [delivery.target, 'bold'],
      state(delivery),
      String(delivery.attempts),
      humanTime(delivery.created_at, terminal.nowSeconds),
      delivery.last_error ?? '',
    ]),
    terminal.colour,
  );
}

function state({ state: name }: DeliveryAnswer): Cell {
  if (name === 'dead') return [name, 'red'];
  return name === 'pending' ? [name, 'yellow'] : name;
}
