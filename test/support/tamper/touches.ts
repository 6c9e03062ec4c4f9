import { setTimeout as pause } from 'node:timers/promises';
import type { HttpAnswer, RunningService } from '../running-service.ts';
import type { Life, Moment } from './life.ts';

export interface Touched {
  /** What was refused that is answered where nobody tampered. */
  readonly refused: readonly string[];
  /** What was let through that is refused where nobody tampered. */
  readonly harm: readonly string[];
}

const TIMES = 5;
const BETWEEN_MS = 300;
const LISTS = ['events', 'reports', 'proposals', 'keys', 'clients', 'canaries', 'revocations'];

/** Asks the service for a bit of everything. */
export async function touch(service: RunningService, life: Life, { known }: Moment): Promise<Touched> {
  const [refused, harm]: [string[], string[]] = [[], []];
  const expectStatus = async (what: string, wanted: number, ask: () => Promise<HttpAnswer>) => {
    const { status, body } = await settled(ask);
    if (status !== wanted && !isBusy(body)) refused.push(`${what}: ${status} ${body?.code ?? ''}`);
  };
  for (const { name, token, scope, credential, reason } of known) {
    const asked = () => service.data('POST', `/v1/scopes/${scope}/verify`, credential, { token });
    const { status, body } = await settled(asked);
    if (body.valid === true && reason !== undefined) harm.push(`a token ${name} is valid`);
    else if (body.valid !== true && reason === undefined && !isBusy(body))
      refused.push(`a token ${name}: ${body.reason ?? `${status} ${body.code}`}`);
  }
  const claims = { sub: 'user-9', txn: 'sign-in-9' };
  const issue = () => service.data('POST', '/v1/scopes/payments/tokens', life.sign, { claims });
  await expectStatus('a new token', 201, issue);
  const rule = { scope: 'payments', jti: 'B'.repeat(22), reason: 'test' };
  await expectStatus('a revocation', 201, () => service.operations('POST', '/v1/admin/revocations', rule));
  for (const list of LISTS)
    await expectStatus(list, 200, () => service.operations('GET', `/v1/admin/${list}`));
  return { refused, harm };
}

/** Answered where the machine is too busy; where the database is the reason, there is an alarm as well. */
function isBusy(body: { readonly code?: string } | undefined): boolean {
  return body?.code === 'hsm_unavailable' || body?.code === 'ledger_unavailable';
}

/** On a busy machine a look-up or a signature may be late: asked again, it is not. */
async function settled(ask: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  let answer = await ask();
  for (let again = 1; again < TIMES && answer.status === 503; again += 1) {
    await pause(BETWEEN_MS);
    answer = await ask();
  }
  return answer;
}
