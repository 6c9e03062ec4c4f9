import { type Config, loadConfig } from '../config.ts';
import { type ConfiguredToken, isForked, tokensOf } from '../hsm/tokens.ts';
import { ALGORITHM_NAMES, type Algorithm, isRsa } from '../kernel/algorithm.ts';
import { KeywardError, operatorText } from '../kernel/errors.ts';
import type { MechanismReport, ModuleReport } from '../kernel/signer.ts';
import { forbidCoreDumps } from '../signer/hygiene.ts';
import type { SignerLink } from '../signer/signer-link.ts';
import { askService } from './ask-service.ts';
import { checkBefore, withToken } from './check-token.ts';
import { SMALLEST_RSA, trialOf } from './try-keys.ts';

/** What a trial key pair of one algorithm showed. */
export interface TrialReport {
  readonly algorithm: Algorithm;
  readonly outcome: 'proven' | 'unproven' | 'refused' | 'failed';
  /** The module's answer, or why the trial failed; null where there was none. */
  readonly answer: string | null;
  readonly refused_attributes: readonly string[];
  readonly unproven: readonly string[];
  /** Median of a few; null where none was made. */
  readonly signature_ms: number | null;
}

/** For a bug report. It names neither label nor serial number of the token, and no key. */
export interface HsmReport {
  /** The token's name in the configuration. */
  readonly token: string;
  /** `service`: the signer is its child. `own`: it runs under a user of its own. */
  readonly signer: 'service' | 'own';
  readonly module: ModuleAnswer | null;
  readonly trials: readonly TrialReport[];
  /** What was not looked at, each with the reason. */
  readonly not_tried: readonly string[];
}

interface ModuleAnswer {
  readonly library: Omit<ModuleReport['library'], 'cryptokiVersion'> & { readonly cryptoki_version: string };
  readonly token: ModuleReport['token'];
  readonly sessions: Record<'used' | 'most' | 'most_read_write', number | null>;
  readonly profile: { readonly name: string; readonly offers_optional_attributes: boolean };
  readonly mechanisms: readonly (Omit<MechanismReport, 'smallestKey' | 'largestKey'> & {
    readonly smallest_key: number | null;
    readonly largest_key: number | null;
  })[];
}

/** One of each configured HSM token, under the rules of `examine` for logins and trial keys. `invalid_config`. */
export async function reportHsms(configFile: string): Promise<readonly HsmReport[]> {
  forbidCoreDumps();
  const config = loadConfig(configFile);
  const isServed = (await askService(config)) !== undefined;
  const reports: HsmReport[] = [];
  for (const token of tokensOf(config)) reports.push(await reportOf(config, token, isServed));
  return reports;
}

const SIGNER_IN_USE =
  'anything: the service runs and has the signer, which takes one at a time; stop it first';
/** Its findings name files and tokens. */
const SEE_DOCTOR = 'keyward doctor says why';
const TRIALS_BESIDE = 'trial keys: the service runs, and would take them for somebody else’s; stop it first';

async function reportOf(config: Config, token: ConfiguredToken, isServed: boolean): Promise<HsmReport> {
  const head = { token: token.name, signer: isForked(token) ? 'service' : 'own' } as const;
  const nothing = (...why: string[]): HsmReport => ({ ...head, module: null, trials: [], not_tried: why });
  if (isServed && !isForked(token)) return nothing(SIGNER_IN_USE);
  const bad = (await checkBefore(config, token)).filter(({ level }) => level !== 'ok');
  if (bad.length > 0) return nothing(`anything: ${bad.map(({ check }) => check).join(', ')}: ${SEE_DOCTOR}`);
  return withToken(config, token, {
    use: async (link) => {
      const { algorithms } = await link.describe();
      const module = answerOf(await link.report());
      const trials: TrialReport[] = [];
      for (const algorithm of isServed ? [] : algorithms) trials.push(await trialReport(link, algorithm));
      return { ...head, module, trials, not_tried: isServed ? [TRIALS_BESIDE] : notTried(algorithms) };
    },
    otherwise: () => nothing(`anything: the token cannot be opened: ${SEE_DOCTOR}`),
  });
}

function notTried(offered: readonly Algorithm[]): readonly string[] {
  const lacking = ALGORITHM_NAMES.filter((algorithm) => !offered.includes(algorithm));
  return [
    ...lacking.map((algorithm) => `${algorithm}: a mechanism that it needs is not supported`),
    ...(offered.some(isRsa) ? [`RSA keys of more than ${SMALLEST_RSA} bits`] : []),
  ];
}

async function trialReport(link: SignerLink, algorithm: Algorithm): Promise<TrialReport> {
  const none = { algorithm, answer: null, refused_attributes: [], unproven: [], signature_ms: null };
  try {
    const { refused, unproven, signatureMs } = await trialOf(link, algorithm);
    if (refused) {
      const { answer, attributes } = refused;
      return { ...none, outcome: 'refused', answer, refused_attributes: attributes };
    }
    const outcome = unproven.length === 0 ? 'proven' : 'unproven';
    return { ...none, outcome, unproven, signature_ms: signatureMs && rounded(signatureMs) };
  } catch (error) {
    if (!(error instanceof KeywardError)) throw error;
    return { ...none, outcome: 'failed', answer: operatorText(error) };
  }
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}

function answerOf({ library, token, sessions, profile, mechanisms }: ModuleReport): ModuleAnswer {
  const { cryptokiVersion, ...of } = library;
  return {
    library: { ...of, cryptoki_version: cryptokiVersion },
    token,
    sessions: { used: sessions.used, most: sessions.most, most_read_write: sessions.mostReadWrite },
    profile: { name: profile.name, offers_optional_attributes: profile.offersOptional },
    mechanisms: mechanisms.map(({ smallestKey, largestKey, ...mechanism }) => ({
      ...mechanism,
      smallest_key: smallestKey,
      largest_key: largestKey,
    })),
  };
}
