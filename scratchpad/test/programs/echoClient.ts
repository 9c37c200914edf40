/** Our client as a process: octets up and down through /echo at once, compared one by one. Says what it saw on stdout, as JSON. */
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { peakMemory } from "./memory.js"
import { Sequence } from "./sequence.js"

const [url = "", total = "0", seed = "0"] = process.argv.slice(2)
const length = Number(total)

const program = Effect.gen(function* () {
  const client = yield* NodeHttp2.connect(url, { tls: { rejectUnauthorized: false } })
  const source = new Sequence(Number(seed))
  const expected = new Sequence(Number(seed))
  let overlapped = false
  let wrong = 0
  const body = Stream.repeatValue(undefined).pipe(
    Stream.takeWhile(() => source.position < length),
    Stream.map((): Uint8Array => source.next(Math.min(65_536, length - source.position)))
  )
  const response = yield* client.request({ method: "POST", path: "/echo", body })
  yield* Stream.runForEach(response.body, (chunk) =>
    Effect.sync(() => {
      overlapped ||= source.position < length
      if (!expected.matches(chunk)) wrong++
    })
  )
  const trailers = yield* response.trailers
  return {
    received: expected.position,
    wrong,
    overlapped,
    echoed: Number(trailers.get("x-echo-bytes")),
    unread: client.connection.unreadOctets,
    peak: peakMemory(process.pid)
  }
})

const result = await Effect.runPromise(Effect.scoped(program))
process.stdout.write(JSON.stringify(result))
