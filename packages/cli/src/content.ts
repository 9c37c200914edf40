/** Content codings (RFC 9110 §8.4.1) that a response may have, decoded as it arrives. Called by `get --compressed`. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Duplex } from "node:stream"
import * as Zlib from "node:zlib"
import { ContentError } from "./failure.js"

/** Node has it from 22.15 on, and the types that this is compiled with do not. */
const zstd = (): Duplex | undefined => {
  const make: unknown = Reflect.get(Zlib, "createZstdDecompress")
  const decoder: unknown = typeof make === "function" ? Reflect.apply(make, Zlib, []) : undefined
  return decoder instanceof Duplex ? decoder : undefined
}

const decoders: ReadonlyMap<string, () => Duplex | undefined> = new Map<string, () => Duplex | undefined>([
  ["br", () => Zlib.createBrotliDecompress()],
  ["gzip", () => Zlib.createGunzip()],
  ["deflate", () => Zlib.createInflate()],
  ...(Reflect.has(Zlib, "createZstdDecompress") ? [["zstd", zstd] as const] : [])
])

/** What to ask for. */
export const acceptEncoding = [...decoders.keys()].join(", ")

type Octets = ReadonlyArray<Uint8Array>

/** One decoder of `node:zlib`: octets in, what has become of them out. */
class Decoding {
  private decoded: Array<Uint8Array> = []
  private waiting: ((error: Error | null | undefined) => void) | undefined = undefined
  private failure: Error | undefined = undefined

  constructor(
    private readonly duplex: Duplex,
    private readonly refuse: (reason: string) => ContentError
  ) {
    duplex.on("data", (octets: Uint8Array) => this.decoded.push(octets))
    duplex.on("end", () => this.settle(undefined))
    duplex.on("error", (error: Error) => {
      this.failure = error
      this.settle(error)
    })
  }

  private settle(error: Error | null | undefined): void {
    const { waiting } = this
    this.waiting = undefined
    waiting?.(error)
  }

  private run(start: () => void): Effect.Effect<Octets, ContentError> {
    return Effect.async((resume) => {
      const { failure } = this
      if (failure !== undefined) return resume(Effect.fail(this.refuse(failure.message)))
      this.waiting = (error) => {
        if (error !== null && error !== undefined) return resume(Effect.fail(this.refuse(error.message)))
        const { decoded } = this
        this.decoded = []
        resume(Effect.succeed(decoded))
      }
      start()
    })
  }

  push(octets: Uint8Array): Effect.Effect<Octets, ContentError> {
    return this.run(() => void this.duplex.write(octets, (error) => this.settle(error)))
  }

  get end(): Effect.Effect<Octets, ContentError> {
    return this.run(() => this.duplex.end())
  }

  close(): void {
    this.duplex.destroy()
  }
}

const decodeOne = <E>(
  encoded: Stream.Stream<Uint8Array, E>,
  make: () => Duplex | undefined,
  refuse: (reason: string) => ContentError
): Stream.Stream<Uint8Array, E | ContentError> =>
  Stream.unwrapScoped(
    Effect.map(
      Effect.acquireRelease(
        Effect.suspend(() => {
          const duplex = make()
          return duplex === undefined
            ? Effect.fail(refuse("this Node cannot"))
            : Effect.succeed(new Decoding(duplex, refuse))
        }),
        (decoding) => Effect.sync(() => decoding.close())
      ),
      (decoding) =>
        Stream.concat(
          Stream.mapConcatEffect(encoded, (octets) => decoding.push(octets)),
          Stream.flatMap(Stream.fromEffect(decoding.end), Stream.fromIterable)
        )
    )
  )

/**
 * `body`, decoded by what `contentEncoding` names, from the last coding to the first. Fails with a `ContentError` for a coding that is not known, and for
 * content that is not of its coding, or ends in the middle of it.
 */
export const decode = <E>(
  body: Stream.Stream<Uint8Array, E>,
  contentEncoding: string | undefined,
  url: string
): Stream.Stream<Uint8Array, E | ContentError> => {
  const names = (contentEncoding ?? "").split(",").map((name) => name.trim().toLowerCase())
  return names
    .filter((name) => name !== "" && name !== "identity")
    .reverse()
    .reduce<Stream.Stream<Uint8Array, E | ContentError>>((encoded, encoding) => {
      // RFC 9110 §8.4.1.3
      const make = decoders.get(encoding === "x-gzip" ? "gzip" : encoding)
      const refuse = (reason: string): ContentError => new ContentError({ url, encoding, reason })
      return make === undefined
        ? Stream.fail(refuse(`only ${acceptEncoding} can be`))
        : decodeOne(encoded, make, refuse)
    }, body)
}
