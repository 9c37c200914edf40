/** Lists in JSON, checked as they are read. Called for the tests that vitest lists and for lists of requirements. */

/** The list that `json` is: objects with a text for each of `keys`. Throws where it is none; `what` is its name in the error. */
export const parse = <Key extends string>(
  json: string,
  what: string,
  ...keys: ReadonlyArray<Key>
): ReadonlyArray<Readonly<Record<Key, string>>> => {
  const isEntry = (value: unknown): value is Readonly<Record<Key, string>> =>
    typeof value === "object" && value !== null && keys.every((key) => typeof Reflect.get(value, key) === "string")
  const list: unknown = JSON.parse(json)
  if (!Array.isArray(list) || !list.every(isEntry)) {
    throw new Error(`${what}: not a list of objects with ${keys.join(" and ")}`)
  }
  return list
}
