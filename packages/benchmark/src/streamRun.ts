/**
 * What it costs to run a Stream of small bodies: `Stream.runFold` beside `StreamRun.fold`, in microseconds of CPU for a Stream from start to end.
 * Run by itself: `npm run prebench && node packages/benchmark/dist/streamRun.js`.
 */
import * as StreamRun from "@effect-http2/http2/StreamRun"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

const octets = new Uint8Array(1024)
const chunk = Chunk.of(octets)
const sixteen = Array.from({ length: 16 }, () => octets)

type Octets = Stream.Stream<Uint8Array>

const pulls = (count: number): Octets =>
  Stream.suspend(() => {
    let at = 0
    return Stream.repeatEffectChunkOption(
      Effect.suspend(() => (at++ < count ? Effect.succeed(chunk) : Effect.fail(Option.none())))
    )
  })

/** A Channel of one's own, with an effect for each Chunk. */
const channel = (count: number): Octets =>
  Stream.fromChannel(
    Channel.suspend(() => {
      let at = 0
      const hasNext = Effect.sync(() => at++ < count)
      const loop: Channel.Channel<Chunk.Chunk<Uint8Array>, unknown, never, unknown, void> = Channel.flatMap(
        Channel.fromEffect(hasNext),
        (more) => (more ? Channel.flatMap(Channel.write(chunk), () => loop) : Channel.void)
      )
      return loop
    })
  )

const streams: Readonly<Record<string, Octets>> = {
  "fromChunk, 1 chunk": Stream.fromChunk(chunk),
  "make of 16": Stream.make(...sixteen),
  "repeatEffectChunkOption, 1 pull": pulls(1),
  "repeatEffectChunkOption, 16 pulls": pulls(16),
  "repeatEffect, take(16)": Stream.take(Stream.repeatEffect(Effect.succeed(octets)), 16),
  "a channel of one's own, 1": channel(1),
  "a channel of one's own, 16": channel(16),
  "the same, map": Stream.map(channel(16), (piece) => piece),
  "range, map, encodeText, 16": Stream.range(1, 16).pipe(Stream.map(String), Stream.encodeText),
  "fromIterable, flatMap, 2 x 16": Stream.flatMap(Stream.fromIterable([1, 2]), () => Stream.make(...sixteen)),
  "acquireRelease, ensuring": Stream.ensuring(
    Stream.acquireRelease(Effect.succeed(octets), () => Effect.void),
    Effect.void
  )
}

const add = (total: number, piece: Uint8Array): number => total + piece.length

/** Microseconds of CPU for one of `runs` runs. */
const measure = async (effect: Effect.Effect<number>, runs: number): Promise<number> => {
  const before = process.cpuUsage()
  await Effect.runPromise(
    Effect.gen(function* () {
      for (let i = 0; i < runs; i++) yield* effect
    })
  )
  const { system, user } = process.cpuUsage(before)
  return (system + user) / runs
}

const median = (samples: ReadonlyArray<number>): number => [...samples].sort((a, b) => a - b)[samples.length >> 1] ?? 0

for (const [name, stream] of Object.entries(streams)) {
  const theirs: Array<number> = []
  const ours: Array<number> = []
  for (let round = 0; round < 4; round++) {
    const before = await measure(Stream.runFold(stream, 0, add), 500)
    const after = await measure(StreamRun.fold(stream, 0, add), 2000)
    // The first round warms up.
    if (round > 0) {
      theirs.push(before)
      ours.push(after)
    }
  }
  const figures = [median(theirs), median(ours)].map((figure) => figure.toFixed(1).padStart(9))
  console.log(`${name.padEnd(36)}${figures.join("")}`)
}
