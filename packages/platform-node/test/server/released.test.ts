/**
 * What a response holds open is let go of, whatever becomes of the response: a file of the platform, and the sources that users give to `raw`.
 */
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { existsSync, openAsBlob, readdirSync, readlinkSync } from "node:fs"
import { Readable } from "node:stream"
import { fileURLToPath } from "node:url"
import { protocols } from "./support/harness.js"

const path = fileURLToPath(new URL("./fixtures/text.txt", import.meta.url))
const descriptors = "/proc/self/fd"
const times = 30
const sourceTimes = 5

const isOurs = (name: string): boolean => {
  try {
    return readlinkSync(`${descriptors}/${name}`) === path
  } catch {
    // Closed since the folder was read.
    return false
  }
}

/** How many descriptors of the file this process has open. */
const opened = (): number => readdirSync(descriptors).filter(isOurs).length

/** `count` once it is 0, or after many turns of the event loop: files are closed by other threads. */
const settled = (count: () => number): Effect.Effect<number> =>
  Effect.async((resume) => {
    const look = (turns: number): void => {
      const now = count()
      if (now > 0 && turns > 0) return void setImmediate(look, turns - 1)
      resume(Effect.succeed(now))
    }
    look(500)
  })

type App<E = unknown, R = never> = HttpApp.Default<E, R | Scope.Scope>

interface Situation {
  readonly title: string
  readonly method: "GET" | "HEAD"
  /** What is made of the response. */
  readonly app: <E, R>(response: App<E, R>, began: Deferred.Deferred<void>) => App<unknown, R>
  /** Whether the client goes once the application has begun. */
  readonly leaves?: boolean
  /** Whether whoever throws the response away is the application itself. */
  readonly isInside?: boolean
}

const behind = <E, R>(handler: HttpApp.PreResponseHandler, response: App<E, R>): App<unknown, R> =>
  Effect.zipRight(HttpApp.appendPreResponseHandler(handler), response)

const situations: ReadonlyArray<Situation> = [
  { title: "GET", method: "GET", app: (response) => response },
  { title: "HEAD", method: "HEAD", app: (response) => response },
  {
    title: "304 by a middleware",
    method: "GET",
    app: (response) => Effect.as(response, HttpServerResponse.empty({ status: 304 })),
    isInside: true
  },
  {
    title: "304 with the body that there was",
    method: "GET",
    app: (response) => Effect.map(response, (response) => HttpServerResponse.setStatus(response, 304))
  },
  {
    title: "another response in its place",
    method: "GET",
    app: (response) => Effect.as(response, HttpServerResponse.text("other")),
    isInside: true
  },
  {
    title: "a failure behind it",
    method: "GET",
    app: (response) => Effect.zipRight(response, Effect.fail("reason")),
    isInside: true
  },
  {
    title: "a handler before the response that fails",
    method: "GET",
    app: (response) =>
      behind(
        (request, response) => Effect.fail(new HttpServerError.ResponseError({ request, response, reason: "Decode" })),
        response
      )
  },
  {
    title: "a handler before the response that gives another",
    method: "GET",
    app: (response) => behind(() => Effect.succeed(HttpServerResponse.text("other")), response)
  },
  {
    title: "a field that cannot be sent",
    method: "GET",
    app: (response) => Effect.map(response, HttpServerResponse.setHeader("x-a", "a\nb"))
  },
  {
    title: "a client that is gone",
    method: "GET",
    leaves: true,
    app: (response, began) =>
      Effect.uninterruptible(
        Deferred.succeed(began, undefined).pipe(
          Effect.zipRight(Effect.exit(Effect.interruptible(Effect.never))),
          Effect.zipRight(response)
        )
      )
  }
]

/** Plays a situation: asks, with what comes read, or leaves. Completes when the application has, and its scope is closed. */
const play = <E, R>({ app, leaves, method }: Situation, response: App<E, R>, count = times) =>
  Effect.gen(function* () {
    let began = yield* Deferred.make<void>()
    let ended = yield* Deferred.make<void>()
    yield* HttpServer.serveEffect(
      Effect.zipRight(
        Effect.addFinalizer(() => Deferred.succeed(ended, undefined)),
        Effect.suspend(() => app(response, began))
      )
    )
    for (let i = 0; i < count; i++) {
      began = yield* Deferred.make<void>()
      ended = yield* Deferred.make<void>()
      const asked = Effect.ignore(
        Effect.flatMap(HttpClient.execute(HttpClientRequest.make(method)("/")), ({ text }) => text)
      )
      yield* leaves === true ? Effect.raceFirst(asked, Deferred.await(began)) : asked
      yield* Deferred.await(ended)
    }
  })

const file = HttpServerResponse.file(path)

describe.runIf(existsSync(descriptors)).each(protocols)("over $protocol no descriptor is left of", ({ layer }) => {
  for (const situation of situations) {
    it.scopedLive(`${times} files: ${situation.title}`, () =>
      Effect.gen(function* () {
        const before = opened()
        yield* play(situation, file)
        expect(yield* settled(() => opened() - before)).toBe(0)
      }).pipe(Effect.provide(layer))
    )

    const blob = Effect.promise(() => openAsBlob(path))
    const blobs = {
      fileWeb: Effect.flatMap(blob, (blob) =>
        HttpServerResponse.fileWeb({
          lastModified: 0,
          name: "text.txt",
          size: blob.size,
          stream: () => blob.stream(),
          type: ""
        })
      ),
      raw: Effect.map(blob, (blob) => HttpServerResponse.raw(blob))
    }
    for (const [by, response] of Object.entries(blobs)) {
      it.scopedLive(`Blobs of a file by ${by}: ${situation.title}`, () =>
        Effect.gen(function* () {
          const before = opened()
          yield* play(situation, response, sourceTimes)
          expect(yield* settled(() => opened() - before)).toBe(0)
        }).pipe(Effect.provide(layer))
      )
    }
  }
})

/** Sources that count how many of them are open: what a user may give to `raw`. */
const sources: ReadonlyArray<readonly [title: string, make: (open: () => void, close: () => void) => unknown]> = [
  [
    "Readable",
    (open, close) => {
      open()
      return new Readable({
        read() {
          this.push("text")
          this.push(null)
        },
        destroy(error, callback) {
          close()
          callback(error)
        }
      })
    }
  ],
  [
    "ReadableStream",
    (open, close) => {
      open()
      return webStream(close)
    }
  ],
  [
    "Response",
    (open, close) => {
      open()
      return new Response(webStream(close))
    }
  ]
]

/** Ended or cancelled, it is closed, once. */
const webStream = (close: () => void): ReadableStream<Uint8Array> =>
  new ReadableStream(
    {
      pull(controller) {
        controller.enqueue(new TextEncoder().encode("text"))
        controller.close()
        close()
      },
      cancel: close
    },
    { highWaterMark: 0 }
  )

describe.each(protocols)("over $protocol the source of `raw` is let go of", ({ layer }) => {
  for (const [title, make] of sources) {
    for (const situation of situations.filter(({ isInside }) => isInside !== true)) {
      it.scopedLive(`a ${title}: ${situation.title}`, () =>
        Effect.gen(function* () {
          let open = 0
          let made = 0
          const response = Effect.sync(() =>
            HttpServerResponse.raw(
              make(
                () => {
                  open++
                  made++
                },
                () => void open--
              )
            )
          )
          yield* play(situation, response, sourceTimes)
          expect([yield* settled(() => open), made]).toEqual([0, sourceTimes])
        }).pipe(Effect.provide(layer))
      )
    }
  }
})
