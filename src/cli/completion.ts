import type { Command, Option } from 'commander';
import type { Context } from './context.ts';

type Shell = 'bash' | 'zsh' | 'fish';

/** A command as it is completed: ` scope list`, with what may follow it. */
interface Place {
  readonly path: string;
  readonly commands: readonly Command[];
  readonly options: readonly Option[];
  /** Of its first operand, where it has choices. */
  readonly choices: readonly string[];
}

/** Made from the command tree; asks no service and starts no process. */
export function completion({ terminal }: Context, shell: Shell, tree: Command): void {
  terminal.print(SCRIPTS[shell](placesOf(tree)));
}

const SCRIPTS: Readonly<Record<Shell, (places: readonly Place[]) => string>> = { bash, zsh, fish };

function placesOf(command: Command, path = '', inherited: readonly Option[] = []): readonly Place[] {
  const { options, help } = { options: [...command.options], help: command.createHelp() };
  const all = [...options, ...inherited.filter(({ long }) => long !== '--version')];
  const commands = help.visibleCommands(command).filter((child) => child.name() !== 'help');
  const choices = command.registeredArguments[0]?.argChoices ?? [];
  const here: Place = { path, commands, options: all, choices };
  const globals = path === '' ? options : inherited;
  return [here, ...commands.flatMap((child) => placesOf(child, `${path} ${child.name()}`, globals))];
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

function wordsAt({ commands, options, choices }: Place): readonly string[] {
  return [...commands.map((child) => child.name()), ...choices, ...options.flatMap(namesOf), '--help'];
}

function namesOf({ short, long }: Option): readonly string[] {
  return [short, long].filter((name) => name !== undefined);
}

/** Each option with choices, under the names that it is given by. */
function chosen(places: readonly Place[]): readonly (readonly [pattern: string, choices: string])[] {
  return places.flatMap(({ path, options }) =>
    options.flatMap((option) =>
      option.argChoices
        ? [
            [
              namesOf(option)
                .map((name) => quoted(`${path} ${name}`))
                .join('|'),
              option.argChoices.join(' '),
            ] as const,
          ]
        : [],
    ),
  );
}

/** Options whose value is for the shell to complete: a file, or anything. */
function valued(places: readonly Place[]): string {
  const names = places.flatMap(({ path, options }) =>
    options
      .filter(({ required, optional, argChoices }) => (required || optional) && !argChoices)
      .flatMap(namesOf)
      .map((name) => quoted(`${path} ${name}`)),
  );
  return names.join('|');
}

const pathsOf = (places: readonly Place[]) =>
  places
    .filter(({ path }) => path !== '')
    .map(({ path }) => quoted(path))
    .join('|');

function bash(places: readonly Place[]): string {
  return [
    '# bash completion of keyward: source <(keyward completion bash)',
    '_keyward() {',
    `  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at= words= word`,
    `  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do`,
    `    case "$at $word" in ${pathsOf(places)}) at="$at $word";; esac`,
    '  done',
    '  COMPREPLY=()',
    '  case "$at $prev" in',
    ...chosen(places).map(([pattern, choices]) => `    ${pattern}) words=${quoted(choices)};;`),
    `    ${valued(places)}) return;;`,
    '    *) case "$at" in',
    ...places.map((place) => `      ${quoted(place.path)}) words=${quoted(wordsAt(place).join(' '))};;`),
    '    esac;;',
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    '}',
    // Where nothing of ours fits, files.
    'complete -o bashdefault -o default -F _keyward keyward',
  ].join('\n');
}

function zsh(places: readonly Place[]): string {
  return [
    '#compdef keyward',
    '# zsh completion of keyward: source <(keyward completion zsh), after compinit',
    '_keyward() {',
    "  local at='' word",
    `  for word in "\${(@)words[2,CURRENT-1]}"; do`,
    `    case "$at $word" in (${pathsOf(places)}) at="$at $word";; esac`,
    '  done',
    `  case "$at \${words[CURRENT-1]}" in`,
    ...chosen(places).map(([pattern, choices]) => `    (${pattern}) compadd -- ${choices}; return;;`),
    `    (${valued(places)}) _files; return;;`,
    '  esac',
    '  case "$at" in',
    ...places.map(
      (place) =>
        `    (${quoted(place.path)}) compadd -- ${wordsAt(place).join(' ')}${place.commands.length > 0 ? '; return' : ''};;`,
    ),
    '  esac',
    `  [[ \${words[CURRENT]} == -* ]] || _files`,
    '}',
    '# As a file of fpath it is the function; sourced, it defines it.',
    'if [[ $funcstack[1] == _keyward ]]; then _keyward "$@"; else compdef _keyward keyward; fi',
  ].join('\n');
}

const fishQuoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function fish(places: readonly Place[]): string {
  return [
    '# fish completion of keyward: keyward completion fish | source',
    'function __keyward_at',
    '  set -l at ""',
    '  for word in (commandline -opc)[2..-1]',
    `    contains -- "$at $word" ${pathsOf(places).replaceAll('|', ' ')}; and set at "$at $word"`,
    '  end',
    '  test "$at" = "$argv[1]"',
    'end',
    ...places.flatMap(fishLines),
  ].join('\n');
}

function fishLines({ path, commands, options, choices }: Place): readonly string[] {
  const at = `complete -c keyward -n ${fishQuoted(`__keyward_at ${fishQuoted(path)}`)}`;
  return [
    ...commands.map((child) => `${at} -f -a ${child.name()} -d ${fishQuoted(child.description())}`),
    ...(choices.length > 0 ? [`${at} -f -a ${fishQuoted(choices.join(' '))}`] : []),
    ...options.map((option) => {
      const short = option.short ? ` -s ${option.short.slice(1)}` : '';
      const long = option.long ? ` -l ${option.long.slice(2)}` : '';
      const takes = option.required || option.optional ? ' -r' : '';
      const values = option.argChoices ? ` -f -a ${fishQuoted(option.argChoices.join(' '))}` : '';
      return `${at}${short}${long}${takes}${values} -d ${fishQuoted(option.description)}`;
    }),
  ];
}
