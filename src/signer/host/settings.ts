import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { FIRST_TOKEN } from '../../kernel/key.ts';
import type { ValidationIssue } from '../../kernel/policy.ts';
import { errorMessage } from '../../lib/text.ts';
import { FlawedFile, firstProblems, problemOf } from '../../yaml-file/problem.ts';
import { readYamlAs } from '../../yaml-file/read-yaml.ts';
import { ownText } from '../own-file.ts';
import { type Signing, sharedTokenFlaws, withTokenFiles } from '../token-files.ts';
import { signerSections, user, withOneSigner } from '../token-sections.ts';
import { userId } from '../user-id.ts';

/** The file of a signer that runs by itself: the signer's sections of the configuration, and who may connect. */
export const signerFileSchema = z.strictObject({
  ...signerSections,
  hsm: withOneSigner(signerSections.hsm),
  socket: z
    .string()
    .min(1)
    .describe('Unix socket that the front connects to. Its folder is this user’s or root’s.'),
  front_user: user.describe('User that the front runs as, by name or number. No other is let in.'),
});

/** A token with all that its processes need; the paths are absolute. */
type OwnToken = Extract<
  Signing<z.infer<typeof signerFileSchema>['hsm_tokens'][string]>,
  { signer?: undefined }
>;

export interface HostSettings {
  readonly file: string;
  readonly mode: 'development' | 'production';
  readonly socket: string;
  readonly frontUser: string;
  /** By the names that fronts ask for. */
  readonly tokens: ReadonlyMap<string, OwnToken>;
  /** Tokens whose own keys the file does not name yet: until it does, a front may have them made. */
  readonly unnamed: readonly string[];
}

/** `invalid_config`: all that is wrong in it, a `FlawedFile`. */
export function readHostSettings(path: string): HostSettings {
  const file = resolve(path);
  const read = readYamlAs(signerFileSchema, ownText(file));
  if (read.problems) throw new FlawedFile(file, read.problems);
  const { mode, socket, front_user, hsm, hsm_tokens } = read.value;
  const named = [[FIRST_TOKEN, hsm] as const, ...Object.entries(hsm_tokens)];
  const base = dirname(file);
  const resolved = named.map(([name, token]) => [name, withTokenFiles(token, name, base)] as const);
  const own = resolved.flatMap(([name, token]) => (token.signer ? [] : [[name, token] as const]));
  const [[, first], ...further] = resolved as [(typeof resolved)[number], ...typeof resolved];
  const flaws = [
    ...resolved.flatMap(([name, token]) => (token.signer ? [ofTheFront(name)] : [])),
    ...sharedTokenFlaws({ hsm: first, hsm_tokens: Object.fromEntries(further) }),
    ...socketFlaws(resolve(base, socket)),
  ].map((flaw) => problemOf(flaw, read.locate));
  if (flaws.length > 0) throw new FlawedFile(file, firstProblems(flaws));
  return {
    file,
    mode,
    socket: resolve(base, socket),
    frontUser: front_user,
    tokens: new Map(own),
    unnamed: [
      ...(hsm.registry_key && hsm.audit_key ? [] : [FIRST_TOKEN]),
      ...Object.entries(hsm_tokens).flatMap(([name, { binding_key }]) => (binding_key ? [] : [name])),
    ],
  };
}

/** What the file names and this host does not have, each with its member; PIN and socket come with the unit. */
export async function absentOnHost({ frontUser, tokens }: HostSettings): Promise<readonly string[]> {
  const modules = [...tokens].flatMap(([name, { module }]) =>
    existsSync(module) ? [] : [`${memberOf(name)}.module: ${module} is not there`],
  );
  try {
    await userId(frontUser);
    return modules;
  } catch (error) {
    return [`front_user: ${errorMessage(error)}`, ...modules];
  }
}

function memberOf(token: string): string {
  return token === FIRST_TOKEN ? 'hsm' : `hsm_tokens.${token}`;
}

function ofTheFront(name: string): ValidationIssue {
  const path = name === FIRST_TOKEN ? ['hsm', 'signer'] : ['hsm_tokens', name, 'signer'];
  return { path, advice: 'is for the file of the front: this is the file of the signer itself' };
}

/** `sun_path` of Linux, with its last zero. */
const LONGEST_SOCKET = 107;

function socketFlaws(socket: string): readonly ValidationIssue[] {
  const bytes = Buffer.byteLength(socket);
  if (bytes <= LONGEST_SOCKET) return [];
  return [{ path: ['socket'], advice: `has ${bytes} bytes, of which a Unix socket takes ${LONGEST_SOCKET}` }];
}
