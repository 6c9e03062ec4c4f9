/** A port of which the test expects no more than the members given: a call of any other fails, and says which it was. */
export function untouched<T extends object>(given: NoInfer<Partial<T>> = {}, name = 'the port'): T {
  return new Proxy((() => {}) as unknown as T, {
    get(_, member) {
      if (member in given) return Reflect.get(given, member);
      // An awaited port is no promise.
      return member === 'then' ? undefined : untouched({}, `${name}.${String(member)}`);
    },
    apply() {
      throw new Error(`${name} is not expected to be called in this test`);
    },
  });
}
