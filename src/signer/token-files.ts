import { resolve } from 'node:path';
import type { z } from 'zod';
import { FIRST_TOKEN } from '../kernel/key.ts';
import type { ValidationIssue } from '../kernel/policy.ts';
import type { token } from './token-sections.ts';

type Token = z.infer<typeof token> & {
  readonly latch_file?: string | undefined;
  readonly state_dir?: string | undefined;
};

/** What is said of a token where its signer runs, and nowhere else. */
const OF_SIGNER = [
  'module',
  'pin_file',
  'latch_file',
  'state_dir',
  'allow_software',
  'clock_skew_seconds',
] as const;
type OfSigner = (typeof OF_SIGNER)[number];

/** With `signer`, no member of the signer's own. Their defaults say nothing. */
export type Signing<T> = Omit<T, OfSigner | 'signer'> &
  (
    | {
        readonly signer?: undefined;
        readonly module: string;
        readonly pin_file: string;
        readonly latch_file: string;
        readonly state_dir: string;
        readonly allow_software: boolean;
        readonly clock_skew_seconds: number;
      }
    | ({ readonly signer: { readonly socket: string; readonly user: string } } & Partial<
        Record<OfSigner, undefined>
      >)
  );

/** Every path made absolute; files that are not named get the names that belong to the token. */
export function withTokenFiles<T extends Token>(section: T, name: string, base: string): Signing<T> {
  const at = (path: string) => resolve(base, path);
  const { module, pin_file, latch_file, state_dir, allow_software, clock_skew_seconds, signer, ...rest } =
    section;
  if (signer) return { ...rest, signer: { ...signer, socket: at(signer.socket) } };
  return {
    ...rest,
    module: at(module ?? ''),
    pin_file: at(pin_file ?? ''),
    latch_file: at(latch_file ?? `pin-latch-${name}.json`),
    state_dir: at(state_dir ?? `signer-state-${name}`),
    allow_software,
    clock_skew_seconds,
  };
}

type Named = Signing<Token>;

/**
 * Two signers of one token, or two that remember the fate of a PIN in one file, would mislead each other (I9). A
 * token is found by label and serial, and the same module may have many paths: links and copies.
 */
export function sharedTokenFlaws({
  hsm,
  hsm_tokens,
}: {
  readonly hsm: Named;
  readonly hsm_tokens: Readonly<Record<string, Named>>;
}): readonly ValidationIssue[] {
  const tokens = [[FIRST_TOKEN, hsm] as const, ...Object.entries(hsm_tokens)];
  const distinct = [
    [
      'has the same token_label and token_serial as',
      'name each token once, or give it another label',
      ({ token_label, token_serial }) => [token_label, token_serial],
    ],
    ['has the same latch_file as', 'give each its own', ({ latch_file }) => [latch_file]],
    ['has the same state_dir as', 'give each its own', ({ state_dir }) => [state_dir]],
  ] as const satisfies [string, string, (token: Named) => unknown[]][];
  return distinct.flatMap(([what, advice, identity]) => {
    const names = new Map<string, string>();
    return tokens.flatMap(([name, token]) => {
      if (identity(token).includes(undefined)) return [];
      const key = JSON.stringify(identity(token));
      const other = names.get(key);
      names.set(key, other ?? name);
      return other === undefined
        ? []
        : [{ path: ['hsm_tokens', name], advice: `${what} ${other}; ${advice}` }];
    });
  });
}
