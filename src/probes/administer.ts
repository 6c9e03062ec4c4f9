import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { isPlace, type ProbeAdministration, type VerifierProbeStore } from './probe.ts';
import type { ProbeRounds } from './rounds.ts';
import { type ProbeUrlRules, probeUrlAdvice } from './send.ts';

interface ProbeAdministrationDeps {
  readonly store: VerifierProbeStore;
  readonly rounds: ProbeRounds;
  readonly rules: ProbeUrlRules;
  /** Verifiers that may be probed, in all. */
  readonly most: number;
  readonly clock: Clock;
}

export function createProbeAdministration(deps: ProbeAdministrationDeps): ProbeAdministration {
  const { store, rounds, rules, most, clock } = deps;
  const requireSound: ProbeAdministration['requireSound'] = (probe) => {
    const advice = probeUrlAdvice(probe.url, rules);
    if (advice !== undefined) throw new KeywardError('invalid_probe', `url: ${advice}`);
    const others = store.all().filter((each) => !isPlace(each, probe));
    if (others.length < most) return;
    throw new KeywardError('too_many_probes', `${most} verifiers are probed already; remove one first`);
  };
  return {
    requireSound,
    list: () => rounds.standings(),
    async set(probe, actor) {
      requireSound(probe);
      const before = store.all().find((each) => isPlace(each, probe));
      if (before?.url !== probe.url) await store.set({ ...probe, setAt: clock.nowSeconds() }, actor);
      const standing = rounds.standings().find((each) => isPlace(each, probe));
      if (standing) return standing;
      throw new KeywardError('unknown_probe', 'it was removed meanwhile');
    },
    remove: (place, actor) => store.remove(place, actor),
    run: (place) => rounds.run(place),
  };
}
