/** HPACK against nghttp2's, which is in `node:http2`: hundreds of random field lists on one connection, in both directions and roles. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import { once } from "node:events"
import * as Http2 from "node:http2"
import { describe, expect } from "vitest"
import { check, makeRandom, serve } from "../utils.js"

type Fields = ReadonlyArray<readonly [name: string, value: string]>

const rounds = 400

/** Names that are in the static table, and names that are not; those with more than one value anywhere are `x-` ones. */
const known = ["accept", "accept-encoding", "cache-control", "if-none-match", "referer", "user-agent", "via", "range"]

const makeLists = (seed: number): (() => Fields) => {
  const random = makeRandom(seed)
  const whole = (below: number): number => Math.floor(random() * below)
  const pick = <A>(list: ReadonlyArray<A>): A => list[whole(list.length)] as A
  const value = (length: number): string => {
    // Of all octets that a value may have: visible ones, blanks inside, and those above 127.
    const code = (): number => (random() < 0.1 ? 0x80 + whole(0x80) : 0x21 + whole(0x5e))
    return String.fromCharCode(...Array.from({ length }, code)).replace(/(?<=.)[!~](?=.)/g, " ")
  }
  const pool: Array<readonly [string, string]> = []
  const fresh = (): readonly [string, string] => {
    const name = random() < 0.3 ? pick(known) : `x-${whole(40)}-${"n".repeat(whole(20))}`
    const length = random() < 0.03 ? 3000 + whole(3000) : random() < 0.2 ? whole(400) : whole(30)
    return [name, value(length)]
  }
  return () => {
    const fields: Array<readonly [string, string]> = []
    const names = new Set<string>()
    let size = 0
    for (let left = whole(30); left > 0 && size < 20_000; left--) {
      // Some come again and again, some once: tables fill, hit and evict.
      const field = pool.length > 0 && random() < 0.6 ? pick(pool) : fresh()
      if (pool.length < 120) pool.push(field)
      else pool[whole(120)] = field
      if (names.has(field[0]) && !field[0].startsWith("x-")) continue
      names.add(field[0])
      size += field[0].length + field[1].length + 32
      fields.push(field)
    }
    // As node:http2 sends them: values of a name together.
    return [...names].flatMap((name) => fields.filter((field) => field[0] === name))
  }
}

const toRecord = (fields: Fields): Record<string, Array<string>> => {
  const record: Record<string, Array<string>> = {}
  for (const [name, value] of fields) (record[name] ??= []).push(value)
  return record
}

/** As node:http2 takes them: an array only where there are several, since many fields may be there once only. */
const toOutgoing = (fields: Fields): Http2.OutgoingHttpHeaders =>
  Object.fromEntries(
    Object.entries(toRecord(fields)).map(([name, values]) => [name, values.length === 1 ? values[0] : values])
  )

/** node:http2's raw list, without pseudo-header fields and what servers add. */
const fromRaw = (raw: ReadonlyArray<string>): Fields => {
  const fields: Array<readonly [string, string]> = []
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? ""
    if (!name.startsWith(":") && name !== "date" && name !== "content-length") fields.push([name, raw[index + 1] ?? ""])
  }
  return fields
}

/** nghttp2's own limits on lists, out of the way. */
const generous = { maxHeaderListPairs: 1000, maxSendHeaderBlockLength: 1_000_000 } as const

/** Table sizes, one after the other on the same connection. */
const tableSizes = [4096, 0, 100, 65_536, 300, 4096] as const

describe("HPACK between a node:http2 client and our server", () => {
  for (const headerTableSize of [4096, 0, 200, 65_536]) {
    check(`with a decoder's table of ${headerTableSize} octets, and one of changing size at the peer`, () =>
      Effect.gen(function* () {
        const seen: Array<Fields> = []
        const answers = makeLists(2)
        const answered: Array<Fields> = []
        const handler: Http2Server.Handler<never, never> = (request) =>
          Effect.sync(() => {
            seen.push([...request.headers])
            const headers = answers()
            answered.push(headers)
            return Http2ServerResponse.make({ headers })
          })
        const options = { host: "127.0.0.1", headerTableSize, maxHeaderFields: 200, maxHeaderListSize: 100_000 }
        const { address } = yield* NodeHttp2.serve(handler, options)
        yield* Effect.promise(async () => {
          const clientOptions = { ...generous, maxDeflateDynamicTableSize: 65_536 } as Http2.ClientSessionOptions
          const session = Http2.connect(`http://127.0.0.1:${address.port}`, clientOptions)
          await once(session, "remoteSettings")
          const lists = makeLists(1)
          for (let round = 0; round < rounds; round++) {
            if (round % 60 === 30) session.settings({ headerTableSize: tableSizes[Math.floor(round / 60)] ?? 4096 })
            const fields = lists()
            const stream = session.request({ ":path": "/", ...toOutgoing(fields) })
            const [, , raw] = (await once(stream, "response")) as [unknown, unknown, ReadonlyArray<string>]
            stream.resume()
            await once(stream, "close")
            expect(seen[round]).toEqual(fields)
            expect(fromRaw(raw)).toEqual(answered[round])
          }
          session.close()
          await once(session, "close")
        })
        expect(seen).toHaveLength(rounds)
      })
    )
  }
})

describe("HPACK between our client and a node:http2 server", () => {
  for (const headerTableSize of [4096, 0, 200, 65_536]) {
    check(`with a decoder's table of ${headerTableSize} octets, and one of changing size at the peer`, () =>
      Effect.gen(function* () {
        const seen: Array<Fields> = []
        const answers = makeLists(4)
        const answered: Array<Fields> = []
        const serverOptions = { ...generous, maxDeflateDynamicTableSize: 65_536 } as Http2.ServerOptions
        const server = Http2.createServer(serverOptions)
        let requests = 0
        server.on(
          "stream",
          (stream: Http2.ServerHttp2Stream, _headers: unknown, _flags: unknown, raw: ReadonlyArray<string>) => {
            if (requests % 60 === 30) {
              stream.session?.settings({ headerTableSize: tableSizes[Math.floor(requests / 60)] ?? 4096 })
            }
            requests++
            seen.push(fromRaw(raw))
            const fields = answers()
            answered.push(fields)
            stream.respond({ ":status": 200, ...toOutgoing(fields) }, { endStream: true })
          }
        )
        const { port } = yield* serve(server)
        const options = { headerTableSize, maxHeaderFields: 200, maxHeaderListSize: 100_000 }
        const client = yield* NodeHttp2.connect(`http://127.0.0.1:${port}`, options)
        const lists = makeLists(3)
        // Eight at once: blocks of requests and responses cross on the wire, and arrive in the order in which they were made.
        for (let first = 0; first < rounds; first += 8) {
          const batch = Array.from({ length: 8 }, lists)
          const responses = yield* Effect.forEach(batch, (headers) => Effect.scoped(client.request({ headers })), {
            concurrency: "unbounded"
          })
          expect(seen.slice(first)).toEqual(batch)
          const received = responses.map(({ headers }) => [...headers].filter(([name]) => name !== "date"))
          expect(received).toEqual(answered.slice(first))
        }
        expect(client.connection.activeStreams).toBe(0)
      })
    )
  }
})
