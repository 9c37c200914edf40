/**
 * Response bodies without their content codings (RFC 9110 §8.4): the option `decompress`. Called by execute.ts, which asks for the codings and wraps what a
 * connection of either protocol gives.
 */
import type * as Http2Error from "@effect-http2/effect4-http2/Http2Error"
import type { Protocol } from "@effect-http2/node/client/exchange"
import { longerThan } from "@effect-http2/engine/message/messageErrors"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { Duplex } from "node:stream"
import * as Zlib from "node:zlib"
import { CodingError, type Incoming, type ReadError } from "./incoming.js"

type Octets = Stream.Stream<Uint8Array, ReadError>
type Decode = (body: Octets) => Octets

/** What is asked for where the request does not say it. */
const acceptEncoding = "gzip, deflate, br"

/** `headers`, with the codings that can be taken off; a part of a whole is of no use to a decoder. */
export const withAcceptEncoding = (headers: Headers.Headers): Headers.Headers =>
  "accept-encoding" in headers || "range" in headers ? headers : Headers.set(headers, "accept-encoding", acceptEncoding)

/** Codings of one response, as many as `fetch` of Node takes off: each costs a decoder. */
const maxCodings = 5

/** In Node since 22.15, and not in the types of 20. */
const zstd: unknown = Reflect.get(Zlib, "createZstdDecompress")

const makeZstd = (): Duplex => {
  const decoder: unknown = typeof zstd === "function" ? Reflect.apply(zstd, Zlib, []) : undefined
  if (decoder instanceof Duplex) return decoder
  throw new TypeError("this version of Node has no zstd")
}

/** RFC 9110 §8.4.1.2 means RFC 1950; some servers send bare RFC 1951, whose first octet never has 8 as its low half. */
const makeInflate = (first: Uint8Array): Duplex =>
  ((first[0] ?? 0) & 0x0f) === 8 ? Zlib.createInflate() : Zlib.createInflateRaw()

const makers = new Map<string, (first: Uint8Array) => Duplex>([
  ["gzip", () => Zlib.createGunzip()],
  ["x-gzip", () => Zlib.createGunzip()],
  ["deflate", makeInflate],
  ["br", () => Zlib.createBrotliDecompress()],
  ...(typeof zstd === "function" ? [["zstd", makeZstd] as const] : [])
])

/** The decoder is made for the first octets: a body without any has nothing to be taken off, and is no fault. */
const decoding =
  (coding: string, make: (first: Uint8Array) => Duplex): Decode =>
  (body) =>
    Stream.unwrap(
      Effect.map(
        Stream.peel(
          Stream.filter(body, ({ length }) => length > 0),
          Sink.head<Uint8Array>()
        ),
        ([first, rest]) =>
          Option.isNone(first)
            ? Stream.empty
            : NodeStream.pipeThroughDuplex(Stream.concat(Stream.succeed(first.value), rest), {
                evaluate: () => make(first.value),
                onError: (cause): ReadError => new CodingError(coding, cause)
              })
      )
    )

/** How the codings are taken off, the last one first; undefined where there is none, or one that is not known: then the body is given as it came. */
const decodeOf = (contentEncoding: string): Decode | undefined => {
  const steps: Array<Decode> = []
  for (const part of contentEncoding.toLowerCase().split(",")) {
    const coding = part.trim()
    if (coding === "" || coding === "identity") continue
    const make = makers.get(coding)
    // Each coding has its own decoder, of which a response wants one.
    if (make === undefined || steps.length === maxCodings) return undefined
    steps.unshift(decoding(coding, make))
  }
  return steps.length === 0 ? undefined : (body) => steps.reduce((octets, decode) => decode(octets), body)
}

/** The response, with the octets of its body decoded as they come. Its fields are those that came. */
class DecodedIncoming implements Incoming {
  constructor(
    private readonly incoming: Incoming,
    private readonly decode: Decode
  ) {}

  get protocol(): Protocol {
    return this.incoming.protocol
  }

  get status(): number {
    return this.incoming.status
  }

  get headers(): Headers.Headers {
    return this.incoming.headers
  }

  get setCookies(): ReadonlyArray<string> {
    return this.incoming.setCookies
  }

  get remoteAddress(): string | undefined {
    return this.incoming.remoteAddress
  }

  get trailers(): Effect.Effect<Headers.Headers, Http2Error.Http2Error> {
    return this.incoming.trailers
  }

  /** What is here is not what its reader gets. */
  takeOctets(): undefined {
    return undefined
  }

  get body(): Octets {
    return this.decode(this.incoming.body)
  }

  /** The limit holds for what has been decoded, and stops the decoder: a few octets can stand for a great many. */
  bytes(limit: number): Effect.Effect<Uint8Array, ReadError> {
    return Effect.suspend(() => {
      const parts: Array<Uint8Array> = []
      let length = 0
      const read = Stream.runForEach(this.body, (part) => {
        length += part.length
        if (length > limit) return Effect.fail(longerThan(limit, 0, length))
        parts.push(part)
        return Effect.void
      })
      return Effect.map(read, () => Buffer.concat(parts))
    })
  }
}

/** Statuses whose responses have no body (RFC 9110 §6.4.1), whatever their fields say; behind a 101 is another protocol. */
const withoutBody: ReadonlySet<number> = new Set([101, 204, 304])

/** `incoming`, whose body is decoded where it has one in a coding that is known. */
export const decoded = (incoming: Incoming, method: string): Incoming => {
  const { headers, status } = incoming
  const contentEncoding = headers["content-encoding"]
  if (contentEncoding === undefined || method === "HEAD" || withoutBody.has(status)) return incoming
  const decode = decodeOf(contentEncoding)
  return decode === undefined ? incoming : new DecodedIncoming(incoming, decode)
}
