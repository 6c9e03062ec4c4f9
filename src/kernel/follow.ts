/**
 * Subscribes a view to the registry: it gets all content at once, then each change synchronously, as soon as a commit
 * of this process or another is known. Nothing else changes a view. Returns a function that unsubscribes.
 */
export type Follow<Content> = (view: (content: Content) => void) => () => void;
