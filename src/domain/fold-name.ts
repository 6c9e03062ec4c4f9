/** Printable ASCII without capitals and blanks: such a name folds to itself. */
const FOLDED = /^[!-@[-~]*$/;
/** Where a reader with C's strings ends the name. */
const FROM_NUL = /^\0+|\0.*$/gs;
/** Control, format and zero-width characters, and whatever else is shown as nothing. */
const IGNORED = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** Whether each of the names folds to itself, as most do: no two are alike then. */
export function areFolded(names: readonly string[]): boolean {
  return FOLDED.test(names.join(''));
}

/**
 * What is left of a member's name for a reader that ignores case, blanks around it, characters that are not shown
 * and other spellings of one character: equal for any two names that such a reader may take for one. Wider than
 * each of them: Unicode's NFKC_Casefold, and the `ı` and `İ` that some upper- and lower-casing maps to `i`.
 */
export function foldName(name: string): string {
  if (FOLDED.test(name)) return name;
  return name
    .replace(FROM_NUL, '')
    .normalize('NFKD')
    .replace(IGNORED, '')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .replace(/i\u0307+/g, 'i')
    .normalize('NFKC')
    .trim();
}
