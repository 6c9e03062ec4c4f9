import type { LogLine, Reply } from '../protocol.ts';
import type { HostSettings } from './settings.ts';

const FILES = ['module', 'pin_file', 'latch_file', 'state_dir'] as const;

/** The front's operators clear none by themselves. */
const BOTH_LATCHES = 'keyward signer clear-latch on its host, and keyward hsm clear-latch';

/**
 * What the front is told of files is told by the members that name them: where module, PIN and latch are is for the
 * signer's own log.
 */
export function withoutPaths({ file, tokens }: Pick<HostSettings, 'file' | 'tokens'>) {
  const names = [...tokens.values()].flatMap((token) =>
    FILES.map((member) => [token[member], member] as const),
  );
  // A path may begin with another.
  const all = [...names, [file, 'the file of the signer'] as const].sort(
    ([one], [other]) => other.length - one.length,
  );
  const cleaned = (text: string) =>
    all
      .reduce((rest, [path, name]) => rest.replaceAll(path, `(${name})`), text)
      .replaceAll('keyward hsm clear-latch', BOTH_LATCHES);
  return <T extends Reply | LogLine>(message: T): T => {
    if ('log' in message) {
      const { stack: _, ...details } = message.details;
      return { ...message, message: cleaned(message.message), details: cleanedMembers(details, cleaned) };
    }
    if (!('failure' in message)) return message;
    const { failure } = message;
    return {
      ...message,
      failure: {
        ...failure,
        message: cleaned(failure.message),
        ...(failure.detail === undefined ? {} : { detail: cleaned(failure.detail) }),
      },
    };
  };
}

function cleanedMembers(details: LogLine['details'], cleaned: (text: string) => string): LogLine['details'] {
  return JSON.parse(
    JSON.stringify(details, (_, value) => (typeof value === 'string' ? cleaned(value) : value)),
  );
}
