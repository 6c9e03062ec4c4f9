import { setTimeout as pause } from 'node:timers/promises';
import type { CompromiseAnswer, KeyOutcomeAnswer } from '../cli/answers.ts';
import type { Context } from '../cli/context.ts';
import { describeCompromise } from '../cli/describe-compromise.ts';
import { describeOutcome } from '../cli/describe-outcome.ts';
import { findKid } from '../cli/find-key.ts';
import { type CallService, connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';

export interface CompromiseOptions {
  readonly reason: string;
  readonly keepForForensics?: boolean;
  /** Seconds to wait for verifiers. */
  readonly wait: number;
}

const LOOK_EVERY_MS = 200;

interface Hit {
  readonly compromise: CompromiseAnswer;
}

/** Says at once what became of the key, and then what is hit and who has obeyed. */
export async function keyCompromise(
  context: Context,
  beginning: string,
  { reason, keepForForensics = false, wait }: CompromiseOptions,
): Promise<void> {
  const call = await connect(context);
  const kid = await findKid(call, beginning);
  const body = { reason, keep_for_forensics: keepForForensics };
  const path = `/keys/${encodeURIComponent(kid)}/compromise`;
  const outcome = await call<KeyOutcomeAnswer & Hit>('POST', path, body);
  const { json } = context.options;
  if (!json) context.terminal.print(`${describeOutcome(outcome, context)}\n`);
  const compromise = await untilObeyed(call, path, outcome.compromise, wait);
  show(context, { ...outcome, compromise }, () => describeCompromise(compromise, context));
}

export async function keyBlastRadius(context: Context, kid: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<Hit>('GET', `/keys/${encodeURIComponent(kid)}/compromise`);
  show(context, answer, () => describeCompromise(answer.compromise, context));
}

async function untilObeyed(
  call: CallService,
  path: string,
  first: CompromiseAnswer,
  wait: number,
): Promise<CompromiseAnswer> {
  let latest = first;
  for (let looks = (wait * 1_000) / LOOK_EVERY_MS; looks >= 1 && !isSettled(latest); looks -= 1) {
    await pause(LOOK_EVERY_MS);
    ({ compromise: latest } = await call<Hit>('GET', path));
  }
  return latest;
}

function isSettled({ use, verifiers }: CompromiseAnswer): boolean {
  return use !== null && verifiers.every(({ connected, took_ms }) => !connected || took_ms !== null);
}
