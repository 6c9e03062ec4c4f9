import { humanSpan } from '../lib/human-span.ts';
import type { ScopeAnswer } from './answers.ts';
import type { Context } from './context.ts';
import { type Cell, fields } from './text.ts';
import { humanTime } from './time.ts';

/** One scope, a line a member. */
export function describeScope(scope: ScopeAnswer, { terminal }: Context): string {
  const { policy } = scope;
  const size = scope.modulus_bits === null ? '' : ` (${scope.modulus_bits} bits)`;
  return fields(
    [
      ['id', [scope.id, 'bold']],
      ['issuer', scope.issuer],
      ['audience', scope.audience],
      ['algorithm', `${scope.algorithm}${size}`],
      ['HSM token', scope.hsm_token],
      ['created', humanTime(scope.created_at, terminal.nowSeconds)],
      ['token lifetime', `${policy.default_ttl_seconds} s, at most ${policy.max_ttl_seconds} s`],
      ['token types', policy.token_types.join(', ')],
      ['subject', policy.require_subject ? 'required' : 'optional'],
      ['ledger subject', policy.record_subject],
      ['ledger root', policy.root_claim ?? 'none'],
      ['claims', policy.external_claims ? 'of Keyward, or of the caller through /jws' : 'of Keyward'],
      ['forged token', policy.suspend_on_forgery ? 'alarm, and suspend its key' : 'alarm'],
      ['key signs for', humanSpan(policy.cryptoperiod_seconds)],
      ['rotation', rotation(scope, terminal.nowSeconds)],
      ['key set cached', `${policy.jwks_max_age_seconds} s, stale at most ${policy.max_stale_seconds} s`],
      ['clock skew', `${policy.clock_skew_seconds} s`],
      ['contacts', scope.contacts.join(', ') || '-'],
    ],
    terminal.colour,
  );
}

function rotation({ rotation_pause: pause }: ScopeAnswer, nowSeconds: number): Cell {
  if (!pause || pause.until < nowSeconds) return 'by itself';
  return [`paused until ${humanTime(pause.until, nowSeconds)}: ${pause.reason}`, 'yellow'];
}
