/**
 * What stands where `NodeHttpServerRequest.toIncomingMessage` and `toServerResponse` look for the objects of `node:http`, of which a request of HTTP/2 has none: who
 * uses them is told so at the first touch, and not by something undefined that fails elsewhere. Read by serverRequest.ts.
 */
import * as Http from "node:http"
import * as Net from "node:net"

const refuse = (what: string): never => {
  throw new TypeError(
    `a request over HTTP/2 has no ${what} of node:http: what it has is in NodeHttp2Server.toHttp2ServerRequest(request), and middlewares of Node work over HTTP/1.1`
  )
}

/** The names of an object and of what it inherits, but for those that every object has. */
const namesOf = (object: object): ReadonlySet<string> => {
  const names = new Set<string>()
  for (let at: unknown = object; at instanceof Object; at = Object.getPrototypeOf(at))
    for (const name of Object.getOwnPropertyNames(at)) if (!(name in Object.prototype)) names.add(name)
  return names
}

const makeMessage = (): object => {
  const prototype: object = {}
  for (const name of [...namesOf(new Http.IncomingMessage(new Net.Socket())), Symbol.asyncIterator]) {
    const access = (): never => refuse(`IncomingMessage, and so no \`${String(name)}\``)
    Object.defineProperty(prototype, name, { get: access, set: access })
  }
  // They are inherited: who looks at the object's own properties, as loggers do, finds none and fails not.
  return Object.freeze(Object.create(prototype) as object)
}

let message: object | undefined

/** In the place of the IncomingMessage, for all requests: each property that one has fails, with an Error that says why. */
export const noMessage = (): object => (message ??= makeMessage())

/** In the place of the ServerResponse. */
export const noResponse = (): never => refuse("ServerResponse")
