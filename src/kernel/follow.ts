/**
 * How something in memory is a view of the registry: told at once of all that there is, and, in the turn in which a
 * commit is known, of what became another, whoever committed it. Nothing else changes a view. Answers how to end that.
 */
export type Follow<Content> = (view: (content: Content) => void) => () => void;
