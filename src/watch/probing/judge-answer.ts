import { PROBES, type Probe, type ProbeVerdict } from '../../kernel/verifier-probe.ts';

/** What came back: a status, or why there was none, in a sentence without anything of the token. */
export type Reply = { readonly status: number } | { readonly failure: string };

export interface Judgement {
  readonly verdict: ProbeVerdict;
  readonly why: string | null;
}

/** Holds what came back against what must have. Only 401 and 403 are a refusal: an error page refuses nobody. */
export function judgeAnswer(probe: Probe, reply: Reply): Judgement {
  if ('failure' in reply) return { verdict: 'unclear', why: reply.failure };
  const { must, what } = PROBES[probe];
  const said = meaningOf(reply.status);
  if (said === undefined) return { verdict: 'unclear', why: unclear(reply.status) };
  if (said === must) return { verdict: 'right', why: null };
  return { verdict: 'wrong', why: `it ${said}s ${what}` };
}

function meaningOf(status: number): 'accept' | 'refuse' | undefined {
  if (status >= 200 && status < 300) return 'accept';
  return status === 401 || status === 403 ? 'refuse' : undefined;
}

function unclear(status: number): string {
  return status >= 300 && status < 400
    ? `it answers ${status}, and redirects are not followed`
    : `it answers ${status}, which neither accepts (2xx) nor refuses (401, 403)`;
}
