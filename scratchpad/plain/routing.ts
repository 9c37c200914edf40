/** How the playground finds what answers a request, and what it says where nothing does. `Handle` is what a route does: its version of Effect says it. */

/** What a route does with each method it knows. */
export interface Route<Handle> {
  readonly handlers: ReadonlyMap<string, Handle>
  /** The methods, as the `allow` field of a 405 says them. */
  readonly allow: string
}

export const route = <Handle>(handlers: { readonly GET?: Handle; readonly POST?: Handle }): Route<Handle> => {
  // HEAD is GET whose content the engine leaves out (RFC 9110 §9.3.2).
  const all = Object.entries({ ...handlers, ...(handlers.GET === undefined ? {} : { HEAD: handlers.GET }) })
  return { handlers: new Map(all), allow: all.map(([method]) => method).join(", ") }
}

/** Routes of one path, and of all paths that begin with one. */
export interface Routes<Handle> {
  readonly exact: ReadonlyMap<string, Route<Handle>>
  readonly prefixed: ReadonlyArray<readonly [prefix: string, route: Route<Handle>]>
}

const withoutQuery = (path: string): string => {
  const query = path.indexOf("?")
  return query === -1 ? path : path.slice(0, query)
}

export const find = <Handle>({ exact, prefixed }: Routes<Handle>, path: string): Route<Handle> | undefined =>
  exact.get(path) ?? exact.get(withoutQuery(path)) ?? prefixed.find(([prefix]) => path.startsWith(prefix))?.[1]

/** The number that a path ends in, or undefined where it is none or above `most`. */
const numberAfter = (prefix: string, path: string, most: number): number | undefined => {
  const digits = withoutQuery(path).slice(prefix.length)
  if (!/^\d{1,15}$/.test(digits)) return undefined
  const value = Number(digits)
  return value <= most ? value : undefined
}

/** The largest body of `/bytes/N`, 10 GiB. */
const maxBytes = 10 * 1024 ** 3
const maxDelayMillis = 60_000

/** N of `/bytes/N`. */
export const bytesOf = (path: string): number | undefined => numberAfter("/bytes/", path, maxBytes)

/** MS of `/delay/MS`. */
export const delayOf = (path: string): number | undefined => numberAfter("/delay/", path, maxDelayMillis)

const badRequest = (reason: string): string => `400 Bad Request: ${reason}\n`

/** The texts of the responses. */
export const texts = {
  hello: "Hello World!",
  notFound: "404 Not Found\n",
  notAllowed: "405 Method Not Allowed\n",
  badBytes: badRequest(`/bytes/N takes a whole number from 0 to ${maxBytes}`),
  badDelay: badRequest(`/delay/MS takes a whole number from 0 to ${maxDelayMillis}`),
  posted: (octets: number) => `Thank you for ${octets} bytes.\n`,
  delayed: (millis: number) => `${millis} ms later.\n`,
  pushed: (was: boolean) => `/hello was ${was ? "" : "not "}pushed.\n`,
  beforeFailure: "The first chunk, and no second one.\n",
  failure: "this body fails after its first chunk, as /fail always does"
} as const

/** One of the server-sent events of `/events`. */
export const tick = (id: number, millis: number): string => {
  const data = JSON.stringify({ tick: id, time: new Date(millis).toISOString() })
  return `id: ${id}\ndata: ${data}\n\n`
}

/** Fields as the JSON of `/headers` has them: what is there twice is an array. */
export const toRecord = (headers: {
  readonly fields: ReadonlyArray<{ readonly name: string }>
  readonly getAll: (name: string) => ReadonlyArray<string>
}): { readonly [name: string]: string | ReadonlyArray<string> } =>
  Object.fromEntries(
    headers.fields.map(({ name }) => {
      const values = headers.getAll(name)
      return [name, values.length > 1 ? values : (values[0] ?? "")]
    })
  )
