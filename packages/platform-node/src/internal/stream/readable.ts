/**
 * What Node and the web call streams, as Streams of octets that can be interrupted while they wait, and that destroy or cancel their source where they are
 * left before its end.
 */
import * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Readable } from "node:stream"
import type { ReadableStream } from "node:stream/web"

type PullOf<A, E> = Effect.Effect<Chunk.Chunk<A>, Option.Option<E>>
type Pull<E> = PullOf<Uint8Array, E | Http2Error.StreamError>

const ignoreError = (): void => undefined

/** What a source yields has to be octets or text. */
const toOctets = (piece: unknown): Effect.Effect<Uint8Array, Http2Error.StreamError> =>
  piece instanceof Uint8Array
    ? Effect.succeed(piece)
    : typeof piece === "string"
      ? Effect.succeed(Buffer.from(piece))
      : Effect.fail(Http2Error.usageError(0, undefined, "the body yields something that is neither octets nor text"))

const toPiece = (piece: unknown): Pull<never> =>
  Effect.mapBoth(toOctets(piece), { onFailure: Option.some, onSuccess: Chunk.of })

/** Pieces of a Readable: reading is plain calls, only the wait for more is asynchronous. Its own iterator cannot be left while it waits. */
class Puller<A, E> {
  private wake: (() => void) | undefined = undefined

  constructor(
    private readonly source: Readable,
    private readonly onBroken: () => E,
    private readonly accept: (piece: unknown) => PullOf<A, E>
  ) {
    source.on("error", ignoreError)
    source.on("readable", this.onChange)
    source.on("end", this.onChange)
    source.on("close", this.onChange)
  }

  readonly pull: PullOf<A, E> = Effect.suspend((): PullOf<A, E> => {
    const { source } = this
    // What has arrived is read also from a source that has failed since.
    const piece: unknown = source.read()
    if (piece !== null) return this.accept(piece)
    if (source.readableEnded) return Effect.fail(Option.none())
    if (source.destroyed) return Effect.failSync(() => Option.some(this.onBroken()))
    return Effect.zipRight(this.changed, this.pull)
  })

  private readonly changed: Effect.Effect<void> = Effect.async((resume) => {
    this.wake = () => resume(Effect.void)
    return Effect.sync(() => {
      this.wake = undefined
    })
  })

  private readonly onChange = (): void => {
    const { wake } = this
    this.wake = undefined
    wake?.()
  }

  readonly stop: Effect.Effect<void> = Effect.sync(() => {
    const { source } = this
    source.off("readable", this.onChange)
    source.off("end", this.onChange)
    source.off("close", this.onChange)
    if (!source.readableEnded) source.destroy()
  })
}

/** Left before its end, `source` is destroyed. `onBroken` says why one that did not come to its end is over, and `accept` what a piece of it is. */
export const fromObjects = <A, E>(
  source: Readable,
  onBroken: () => E,
  accept: (piece: unknown) => Effect.Effect<A, E>
): Stream.Stream<A, E> =>
  Stream.suspend(() => {
    const toChunk = (piece: unknown): PullOf<A, E> =>
      Effect.mapBoth(accept(piece), { onFailure: Option.some, onSuccess: Chunk.of })
    const puller = new Puller(source, onBroken, toChunk)
    return Stream.ensuring(Stream.repeatEffectChunkOption(puller.pull), puller.stop)
  })

/** The same of a Readable of octets or text. */
export const fromReadable = <E>(
  source: Readable,
  onBroken: () => E
): Stream.Stream<Uint8Array, E | Http2Error.StreamError> =>
  fromObjects<Uint8Array, E | Http2Error.StreamError>(source, onBroken, toOctets)

/** Fails with what `next` rejects with. */
const fromNext = (
  next: () => Promise<IteratorResult<unknown, unknown>>,
  stop: () => Promise<unknown> | undefined
): Stream.Stream<Uint8Array, unknown> => {
  let isOver = false
  const pull: Pull<unknown> = Effect.flatMap(
    Effect.tryPromise({
      try: next,
      catch: (error) => {
        isOver = true
        return Option.some(error)
      }
    }),
    ({ done, value }) => {
      if (done !== true) return toPiece(value)
      isOver = true
      return Effect.fail(Option.none())
    }
  )
  // Nobody waits for the end of what was given up: a generator comes to it only when what it waits for does.
  const release = Effect.sync(() => {
    if (!isOver) void stop()?.catch(ignoreError)
  })
  return Stream.ensuring(Stream.repeatEffectChunkOption(pull), release)
}

/** Left before its end, the source is cancelled. */
export const fromWeb = (source: ReadableStream<unknown>): Stream.Stream<Uint8Array, unknown> =>
  Stream.unwrap(
    Effect.try(() => {
      const reader = source.getReader()
      return fromNext(
        async () => {
          const { done, value } = await reader.read()
          return { done, value }
        },
        () => reader.cancel()
      )
    })
  )

export const fromAsyncIterable = (iterable: AsyncIterable<unknown>): Stream.Stream<Uint8Array, unknown> =>
  Stream.suspend(() => {
    const iterator = iterable[Symbol.asyncIterator]()
    return fromNext(
      () => iterator.next(),
      () => iterator.return?.()
    )
  })

export const fromIterable = (iterable: Iterable<unknown>): Stream.Stream<Uint8Array, unknown> =>
  Stream.mapEffect(Stream.fromIterable(iterable), toOctets)
