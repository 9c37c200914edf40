/**
 * What a server may do to the client over HTTP/1.1. Whatever comes, the request settles once, with a typed error of one line; the socket is gone, and the
 * next request, on a connection of its own, is answered.
 */
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect } from "vitest"
import { dribbles, honest, rawServer, says, type Script, withoutEnd } from "./support/rawServer.js"
import { check, makeClient, makeEvent } from "./support/servers.js"
import { advance } from "../support/check.js"

const text = (client: HttpClient.HttpClient, url: string) =>
  Effect.flatMap(client.get(url), (response) => response.text)

const head = "HTTP/1.1 200 OK\r\n"
const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`
const filler = "x".repeat(16_384)

/** Of one line, with what http2ErrorOf knows. */
const expectTyped = (error: HttpClientError.HttpClientError, tag: string, about: RegExp): void => {
  expect(error.response === undefined ? "RequestError" : "ResponseError").toBe(tag)
  expect(error.message).toMatch(about)
  expect(error.message).not.toContain("\n")
  expect(error.cause).toBeInstanceOf(Error)
  expect(Option.isSome(NodeHttp2Client.http2ErrorOf(error))).toBe(true)
}

interface Case {
  readonly title: string
  readonly script: Script
  readonly about: RegExp
  /** Whether the head was good, and reading the body fails. */
  readonly isOfBody?: boolean
  /** Whether it goes beyond a limit. */
  readonly isLimit?: boolean
}

const heads: ReadonlyArray<Case> = [
  {
    title: "a field without end",
    script: withoutEnd(`${head}x: `, () => filler),
    about: /larger than 32768 octets \(http1\.maxHeaderSize\)/,
    isLimit: true
  },
  {
    title: "fields without end",
    script: withoutEnd(head, () => "x: y\r\n".repeat(1000)),
    about: /larger than 32768 octets \(http1\.maxHeaderSize\)/,
    isLimit: true
  },
  {
    title: "a status line without end",
    script: withoutEnd("HTTP/1.1 200 ", () => filler),
    about: /larger than 32768 octets \(http1\.maxHeaderSize\)/,
    isLimit: true
  },
  {
    title: "informational responses without end",
    script: withoutEnd("", () => "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(100)),
    about: /informational responses without end/,
    isLimit: true
  },
  {
    title: "informational responses without end, 100 Continue",
    script: withoutEnd("", () => "HTTP/1.1 100 Continue\r\n\r\n".repeat(100)),
    about: /informational responses without end/,
    isLimit: true
  },
  {
    title: "content-length beside transfer-encoding",
    script: says(`${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
    about: /Transfer-Encoding can't be present with Content-Length/
  },
  {
    title: "transfer-encoding beside content-length",
    script: says(`${head}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
    about: /Content-Length can't be present with Transfer-Encoding/
  },
  {
    title: "two lengths",
    script: says(`${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`),
    about: /Content-Length/
  },
  { title: "a list of lengths", script: says(`${head}Content-Length: 5, 6\r\n\r\nhello!`), about: /Content-Length/ },
  { title: "a negative length", script: says(`${head}Content-Length: -5\r\n\r\nhello`), about: /Content-Length/ },
  {
    title: "a length beyond 64 bits",
    script: says(`${head}Content-Length: 99999999999999999999999\r\n\r\nhello`),
    about: /Content-Length/
  },
  {
    title: "chunked twice",
    script: says(`${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
    about: /transfer-encoding has chunked before its end/
  },
  {
    title: "chunked, and another coding over it",
    script: says(`${head}Transfer-Encoding: chunked, gzip\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
    about: /transfer-encoding has chunked before its end/
  },
  {
    title: "a field over several lines (obs-fold)",
    script: says(`${head}X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello`),
    about: /Parse Error/
  },
  {
    title: "NUL in a field",
    script: says(`${head}X: a\0b\r\nContent-Length: 5\r\n\r\nhello`),
    about: /Parse Error/
  },
  {
    title: "CR alone in a field",
    script: says(`${head}X: a\rSet-Cookie: b\r\nContent-Length: 5\r\n\r\nhello`),
    about: /Parse Error/
  },
  {
    title: "a space before a colon",
    script: says(`${head}Content-Length : 5\r\n\r\nhello`),
    about: /Parse Error/
  },
  { title: "a line without a colon", script: says(`${head}nonsense\r\n\r\nhello`), about: /Parse Error/ },
  { title: "the status 000", script: says("HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n"), about: /0 is not a status/ },
  { title: "a status of four digits", script: says("HTTP/1.1 2000 No\r\n\r\n"), about: /Parse Error/ },
  {
    title: "101, with an upgrade",
    script: says("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nxxx"),
    about: /switches protocols \(101\)/
  },
  {
    title: "101, and no upgrade",
    script: says("HTTP/1.1 101 Switching Protocols\r\n\r\nxxx"),
    about: /switches protocols \(101\)/
  },
  {
    title: "another version",
    script: says("HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
    about: /the server answers in HTTP\/2/
  },
  { title: "a text", script: says("hello, client\r\n\r\n"), about: /Parse Error/ },
  { title: "a preface of HTTP/2", script: says("\0\0\0\u0004\0\0\0\0\0"), about: /Parse Error/ }
]

const bodies: ReadonlyArray<Case> = [
  { title: "a chunk without a size", script: says(`${chunked}zz\r\nhello\r\n0\r\n\r\n`), about: /chunk size/ },
  { title: "a chunk of a negative size", script: says(`${chunked}-5\r\nhello\r\n0\r\n\r\n`), about: /chunk size/ },
  {
    title: "a chunk of a size beyond 64 bits",
    script: says(`${chunked}fffffffffffffffff\r\nhello\r\n0\r\n\r\n`),
    about: /Chunk size overflow/
  },
  { title: "a chunk that is too long", script: says(`${chunked}5\r\nhello, client\r\n0\r\n\r\n`), about: /chunk data/ },
  {
    title: "extensions of a chunk without end (CVE-2024-22019)",
    script: withoutEnd(`${chunked}5;`, () => filler),
    about: /Chunk extensions overflow/
  },
  {
    title: "trailers without end",
    script: withoutEnd(`${chunked}0\r\nx: `, () => filler),
    about: /larger than 32768 octets \(http1\.maxHeaderSize\)/,
    isLimit: true
  }
].map((each) => ({ ...each, isOfBody: true }))

describe("a server that breaks the protocol, or a limit", () => {
  for (const { about, isLimit = false, isOfBody = false, script, title } of [...heads, ...bodies]) {
    check(title, () =>
      Effect.gen(function* () {
        const { closed, dials, url } = yield* rawServer([script])
        const stats = NodeHttp2Client.makeStats()
        const client = yield* makeClient({ stats })
        const error = yield* Effect.flip(text(client, url))
        expectTyped(error, isOfBody ? "ResponseError" : "RequestError", about)
        yield* closed(1)
        expect(yield* text(client, url)).toBe("honest")
        expect(dials()).toBe(2)
        expect(stats.http1LimitsExceeded).toBe(isLimit ? 1 : 0)
      })
    )
  }

  check("in the place of a response on a connection that was used before: the request is not sent again", () =>
    Effect.gen(function* () {
      const { closed, dials, url } = yield* rawServer([
        (socket, first) => {
          says(`${head}Content-Length: 2\r\n\r\nok`)(socket, first)
          socket.once("data", (next: Buffer) => says("nonsense\r\n\r\n")(socket, next))
        }
      ])
      const client = yield* makeClient()
      expect(yield* text(client, url)).toBe("ok")
      expectTyped(yield* Effect.flip(text(client, url)), "RequestError", /Parse Error/)
      yield* closed(1)
      expect(dials()).toBe(1)
    })
  )

  check("a smaller maxHeaderSize holds", () =>
    Effect.gen(function* () {
      const { url } = yield* rawServer([], { next: says(`${head}x: ${"y".repeat(2000)}\r\nContent-Length: 0\r\n\r\n`) })
      const strict = yield* makeClient({ http1: { maxHeaderSize: 1000 } })
      expectTyped(yield* Effect.flip(text(strict, url)), "RequestError", /larger than 1000 octets/)
      const ofBoth = yield* makeClient({ http2: { maxHeaderListSize: 1500 } })
      expectTyped(yield* Effect.flip(text(ofBoth, url)), "RequestError", /larger than 1500 octets/)
      expect(yield* text(yield* makeClient(), url)).toBe("")
    })
  )

  check("all fields of a head within it are there", () =>
    Effect.gen(function* () {
      const fields = Array.from({ length: 3000 }, (_, i) => `x${i}:y\r\n`).join("")
      const { url } = yield* rawServer([], { next: says(`${head}${fields}Content-Length: 0\r\n\r\n`) })
      const response = yield* (yield* makeClient()).get(url)
      expect(response.headers["x2999"]).toBe("y")
      expect(response.headers["content-length"]).toBe("0")
      yield* response.text
    })
  )

  check("options that cannot be are refused, and say what can", () =>
    Effect.gen(function* () {
      for (const http1 of [{ maxHeaderSize: 0 }, { maxHeaderSize: 1.5 }, { headersTimeout: 0 }, { bodyTimeout: 0 }]) {
        const [name = ""] = Object.keys(http1)
        const error = yield* Effect.flip(makeClient({ http1 }))
        expect(error).toMatchObject({ _tag: "Http2ConnectionError", origin: "User" })
        expect(error.message).toContain(`option http1.${name} cannot be`)
      }
    })
  )
})

describe("octets that nobody has asked for", () => {
  const answer = `${head}Content-Length: 5\r\n\r\nhello`
  const evil = `${head}Content-Length: 4\r\n\r\nevil`
  const behind: ReadonlyArray<readonly [title: string, octets: string]> = [
    ["another response", evil],
    ["nonsense", "nonsense"],
    ["an informational response", "HTTP/1.1 103 Early Hints\r\n\r\n"]
  ]
  for (const [what, octets] of behind) {
    check(`${what}, right behind a response: they answer no request`, () =>
      Effect.gen(function* () {
        const { closed, url } = yield* rawServer([says(answer + octets)])
        const client = yield* makeClient()
        expect(yield* text(client, url)).toBe("hello")
        yield* closed(1)
        expect(yield* text(client, url)).toBe("honest")
      })
    )

    check(`${what}, on a connection that waits for a request: they answer none`, () =>
      Effect.gen(function* () {
        const idle = makeEvent()
        const { closed, url } = yield* rawServer([
          (socket) => {
            socket.write(answer)
            Effect.runFork(
              Effect.andThen(
                idle.happened,
                Effect.sync(() => socket.write(octets))
              )
            )
          }
        ])
        const client = yield* makeClient()
        expect(yield* text(client, url)).toBe("hello")
        // The agent has its socket back by then.
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        idle.happen()
        yield* closed(1)
        expect(yield* text(client, url)).toBe("honest")
      })
    )
  }

  check("a response before the request is there once, and the answer to the request is nobody's", () =>
    Effect.gen(function* () {
      // The first octet of the head is enough.
      const { closed, url } = yield* rawServer([
        (socket) => {
          socket.write(answer)
          setImmediate(() => socket.write(evil))
        }
      ])
      const client = yield* makeClient()
      const body = Stream.concat(Stream.make(new Uint8Array(1000)), Stream.fromEffect(closed(1)).pipe(Stream.drain))
      const request = HttpClientRequest.bodyStream(HttpClientRequest.post(url), body)
      expect(yield* Effect.flatMap(client.execute(request), (response) => response.text)).toBe("hello")
      yield* closed(1)
      expect(yield* text(client, url)).toBe("honest")
    })
  )
})

describe("a connection that is closed", () => {
  const responses = [
    ["a length", `${head}Content-Length: 5\r\n\r\nhello`],
    ["chunks", `${chunked}2\r\nhe\r\n3\r\nllo\r\n0\r\nx: y\r\n\r\n`],
    ["an informational response", `HTTP/1.1 103 Early Hints\r\n\r\n${head}Content-Length: 5\r\n\r\nhello`]
  ] as const
  const ends = {
    FIN: (socket) => socket.end(),
    RST: (socket) => socket.resetAndDestroy()
  } satisfies Record<string, Script>
  for (const [what, octets] of responses) {
    for (const [how, end] of Object.entries(ends)) {
      check(`by ${how}, behind each octet of a response with ${what}: an error, and never a part as the whole`, () =>
        Effect.gen(function* () {
          const cuts = Array.from({ length: octets.length }, (_, i) => i)
          const scripts = cuts.map((cut): Script => (socket) => {
            if (cut === 0) return void end(socket)
            socket.write(octets.slice(0, cut), () => end(socket))
          })
          const { dials, url } = yield* rawServer(scripts)
          const client = yield* makeClient()
          const bodyAt =
            octets.lastIndexOf("OK\r\n") + octets.slice(octets.lastIndexOf("OK\r\n")).indexOf("\r\n\r\n") + 4
          for (const cut of cuts) {
            const error = yield* Effect.flip(text(client, url))
            // A reset may overtake what was sent before it.
            if (how === "FIN") expect([cut, error.response === undefined]).toEqual([cut, cut < bodyAt])
            expectTyped(error, error.response === undefined ? "RequestError" : "ResponseError", /^Transport|^Decode/)
          }
          expect(yield* text(client, url)).toBe("honest")
          expect(dials()).toBe(cuts.length + 1)
        })
      )
    }
  }
})

describe("a server that is slow", () => {
  const adjustUntil = (fiber: Fiber.Fiber<unknown, unknown>) =>
    Effect.gen(function* () {
      // Octets come by the event loop, time by the test.
      while (fiber.pollUnsafe() === undefined) {
        yield* advance(5)
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      }
    })

  for (const isTls of [false, true]) {
    const over = isTls ? "over TLS" : "over TCP"

    check(`a head, octet by octet without end, ${over}: headersTimeout`, () =>
      Effect.gen(function* () {
        const { closed, url } = yield* rawServer([dribbles(`${head}x: ${"y".repeat(30_000)}`)], { isTls })
        const stats = NodeHttp2Client.makeStats()
        const client = yield* makeClient({ stats, connectTimeout: "1 day" })
        const asking = yield* Effect.forkChild(Effect.flip(text(client, url)))
        yield* adjustUntil(asking)
        const error = yield* Fiber.join(asking)
        expectTyped(error, "RequestError", /the head of the response stays half sent/)
        expect(error.cause).toMatchObject({ limit: "headersTimeout" })
        expect(stats.http1LimitsExceeded).toBe(1)
        yield* closed(1)
        expect(yield* text(client, url)).toBe("honest")
      }).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
    )

    check(`silence in the middle of a body, ${over}: bodyTimeout, where it is set`, () =>
      Effect.gen(function* () {
        const { closed, url } = yield* rawServer([says(`${head}Content-Length: 5\r\n\r\nhel`)], { isTls })
        const stats = NodeHttp2Client.makeStats()
        const client = yield* makeClient({
          stats,
          connectTimeout: "1 day",
          http1: { headersTimeout: "1 minute", bodyTimeout: "1 minute" }
        })
        const asking = yield* Effect.forkChild(Effect.flip(text(client, url)))
        yield* adjustUntil(asking)
        const error = yield* Fiber.join(asking)
        expectTyped(error, "ResponseError", /silent in the middle of a body/)
        expect(error.cause).toMatchObject({ limit: "bodyTimeout" })
        expect(stats.http1LimitsExceeded).toBe(1)
        yield* closed(1)
        expect(yield* text(client, url)).toBe("honest")
      }).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
    )
  }

  check(
    "one that thinks for an hour, one whose events are an hour apart, a reader that pauses for one: all go on",
    () =>
      Effect.gen(function* () {
        const thinks = makeEvent()
        const listens = makeEvent()
        const go = makeEvent()
        const later = (run: () => void): void => {
          Effect.runFork(Effect.andThen(go.happened, Effect.sync(run)))
        }
        const slow = yield* rawServer([], {
          next: (socket, first) => {
            thinks.happen()
            later(() => honest(socket, first))
          }
        })
        const events = yield* rawServer([], {
          next: (socket) => {
            socket.write(`${head}\r\nevent`, () => listens.happen())
            later(() => socket.end("event"))
          }
        })
        const whole = yield* rawServer([], { next: (socket) => void socket.end(`${head}\r\n${"x".repeat(300_000)}`) })
        const client = yield* makeClient({ http1: { headersTimeout: "20 minutes" } })
        const timed = yield* makeClient({ http1: { headersTimeout: "20 minutes", bodyTimeout: "20 minutes" } })
        const thinking = yield* Effect.forkChild(text(timed, slow.url))
        const listening = yield* Effect.forkChild(text(client, events.url))
        const unread = yield* timed.get(whole.url)
        yield* Effect.all([thinks.happened, listens.happened])
        yield* advance(3600)
        go.happen()
        expect(yield* Fiber.join(thinking)).toBe("honest")
        expect(yield* Fiber.join(listening)).toBe("eventevent")
        expect((yield* unread.text).length).toBe(300_000)
      }).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
  )

  check("a body that trickles without end: who leaves it leaves nothing behind", () =>
    Effect.gen(function* () {
      const trickle: Script = (socket) => {
        socket.write(chunked)
        const go = (): void => {
          if (!socket.destroyed) socket.write("1\r\nx\r\n", () => setImmediate(go))
        }
        go()
      }
      const { closed, url } = yield* rawServer([trickle, trickle])
      const client = yield* makeClient()
      const reading = yield* Effect.forkChild(text(client, url))
      const pieces = yield* client.get(url).pipe(
        Effect.map((response) => response.stream),
        Stream.unwrap,
        Stream.take(3),
        Stream.runCount
      )
      expect(pieces).toBe(3)
      yield* Fiber.interrupt(reading)
      yield* Effect.all([closed(1), closed(2)])
      expect(yield* text(client, url)).toBe("honest")
    })
  )
})

check("a server that answers a request in one write is one of the honest ones", () =>
  Effect.gen(function* () {
    const { dials, url } = yield* rawServer([honest])
    const client = yield* makeClient()
    for (let i = 0; i < 3; i++) expect(yield* text(client, url)).toBe("honest")
    expect(dials()).toBe(1)
  })
)
