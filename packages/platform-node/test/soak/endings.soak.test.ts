/** Every way in which a request can end early between our client and our server: both sides hear of it, and both let go of everything. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2ClientRequest from "@effect-http2/http2/Http2ClientRequest"
import type { Http2Error } from "@effect-http2/http2/Http2Error"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as Http2Stats from "@effect-http2/http2/Http2Stats"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { execFile } from "node:child_process"
import { describe, expect } from "vitest"
import { describeWithPeer } from "../support/peers.js"
import { certificate, check } from "../utils.js"

/** What was acquired on either side and not released yet. */
class Ledger {
  readonly open = new Set<string>()
  readonly exits: Array<readonly [name: string, exit: "success" | "interrupted" | "failure"]> = []

  readonly hold = (name: string): Effect.Effect<void, never, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.sync(() => void this.open.add(name)),
      (_, exit) =>
        Effect.sync(() => {
          this.open.delete(name)
          this.exits.push([
            name,
            Exit.isSuccess(exit) ? "success" : Exit.isInterrupted(exit) ? "interrupted" : "failure"
          ])
        })
    )
}

interface Fixture {
  readonly client: Http2Client.Http2Client
  readonly ledger: Ledger
  readonly url: string
  /** Ends the server as its scope would. */
  readonly stop: Effect.Effect<void>
}

const scopedStream = (ledger: Ledger, name: string, stream: Stream.Stream<Uint8Array, unknown>) =>
  Stream.unwrapScoped(Effect.as(ledger.hold(name), stream))

const tick = Stream.concat(Stream.make(Buffer.from("tick")), Stream.never)

const test = (
  name: string,
  handler: (
    request: Http2ServerRequest.Http2ServerRequest,
    ledger: Ledger
  ) => Effect.Effect<Http2ServerResponse.Http2ServerResponse, unknown, Scope.Scope>,
  run: (fixture: Fixture) => Effect.Effect<unknown, Http2Error, Scope.Scope>
): void => {
  for (const scheme of ["http", "https"] as const) {
    check(`${name}, over ${scheme}`, () =>
      Effect.gen(function* () {
        const ledger = new Ledger()
        const stats = Http2Stats.make()
        const clientStats = Http2Stats.make()
        const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
        const options = { host: "127.0.0.1", stats, gracefulShutdownTimeout: "100 millis" } as const
        const { address } = yield* NodeHttp2.serve(
          (request) =>
            request.path === "/hello" ? Effect.succeed(Http2ServerResponse.text("hello")) : handler(request, ledger),
          { ...options, ...(scheme === "https" ? { tls: certificate } : {}) }
        ).pipe(Scope.extend(scope))
        const url = `${scheme}://127.0.0.1:${address.port}`
        const client = yield* NodeHttp2.connect(url, { tls: { ca: certificate.cert }, stats: clientStats })
        yield* Effect.scoped(run({ client, ledger, url, stop: Scope.close(scope, Exit.void) }))
        yield* until(
          client,
          () => stats.activeHandlers === 0 && stats.activeStreams === 0 && clientStats.activeStreams === 0
        )
        expect({ open: [...ledger.open], unread: client.connection.unreadOctets }).toEqual({ open: [], unread: 0 })
        yield* Scope.close(scope, Exit.void)
        expect(stats).toMatchObject({ connections: 0, activeStreams: 0, activeHandlers: 0 })
      }).pipe(Logger.withMinimumLogLevel(LogLevel.None))
    )
  }
}

/** Looks again after each round trip; a connection that has ended does not change any more. */
const until = (client: Http2Client.Http2Client, isTrue: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() =>
    isTrue()
      ? Effect.void
      : Effect.zipRight(
          Effect.ignore(client.connection.ping),
          Effect.zipRight(Effect.yieldNow(), until(client, isTrue))
        )
  )

const read = (client: Http2Client.Http2Client, request: Http2ClientRequest.Http2ClientRequest) =>
  Effect.scoped(Effect.flatMap(client.request(request), (response) => response.text()))

/** The error of what must not succeed. */
const failure = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<E> =>
  Effect.orDieWith(Effect.flip(effect), () => new Error("it succeeded"))

const hello = (client: Http2Client.Http2Client) =>
  Effect.map(read(client, { path: "/hello" }), (text) => expect(text).toBe("hello"))

describe("a client that gives up", () => {
  test(
    "interrupts the handler, its finalizers and its children",
    (_, ledger) =>
      Effect.gen(function* () {
        yield* ledger.hold("handler")
        yield* Effect.forkScoped(Effect.scoped(Effect.zipRight(ledger.hold("child"), Effect.never)))
        return yield* Effect.never
      }),
    ({ client, ledger }) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(read(client, {}))
        yield* until(client, () => ledger.open.size === 2)
        yield* Fiber.interrupt(fiber)
        yield* until(client, () => ledger.exits.length === 2)
        expect(ledger.exits.toSorted()).toEqual([
          ["child", "interrupted"],
          ["handler", "interrupted"]
        ])
        yield* hello(client)
      })
  )

  test(
    "interrupts the body of the response, and that of the request",
    (request, ledger) =>
      Effect.zipRight(
        Effect.forkScoped(Stream.runDrain(request.body)),
        Effect.succeed(Http2ServerResponse.make({ body: scopedStream(ledger, "response", tick) }))
      ),
    ({ client, ledger }) =>
      Effect.gen(function* () {
        const request = { method: "POST", body: scopedStream(ledger, "request", tick) }
        const fiber = yield* Effect.fork(read(client, request))
        yield* until(client, () => ledger.open.size === 2)
        yield* Fiber.interrupt(fiber)
        yield* until(client, () => ledger.open.size === 0)
        yield* hello(client)
      })
  )

  for (const how of ["timeout", "race", "take"] as const) {
    test(
      `by Effect's own means: ${how}`,
      (_, ledger) => Effect.succeed(Http2ServerResponse.make({ body: scopedStream(ledger, "response", tick) })),
      ({ client, ledger }) =>
        Effect.gen(function* () {
          const body = Stream.unwrapScoped(Effect.map(client.request({}), (response) => response.body))
          const first = yield* Deferred.make<void>()
          const drained = Stream.runForEach(body, () => Deferred.succeed(first, undefined))
          if (how === "timeout") yield* Effect.timeoutOption(drained, "50 millis")
          else if (how === "race") yield* Effect.raceFirst(drained, Deferred.await(first))
          else yield* Stream.runDrain(Stream.take(body, 1))
          yield* until(client, () => ledger.open.size === 0)
          yield* hello(client)
        })
    )
  }
})

describe("a server that gives up", () => {
  test(
    "before the response: the request fails",
    () => Effect.interrupt,
    ({ client }) =>
      Effect.gen(function* () {
        const error = yield* failure(read(client, {}))
        expect(error).toMatchObject({ _tag: "Http2StreamError", code: ErrorCode.CANCEL, origin: "Remote" })
        yield* hello(client)
      })
  )

  test(
    "in the body, or resets it: the body fails, and that of the request is let go",
    (request, ledger) =>
      Effect.gen(function* () {
        yield* ledger.hold("handler")
        if (request.path === "/reset")
          return yield* Effect.zipRight(request.stream.reset(ErrorCode.NO_ERROR), Effect.never)
        const end = request.path === "/die" ? Stream.die("planned") : Stream.fail("planned")
        return Http2ServerResponse.make({ body: Stream.concat(Stream.make(Buffer.from("tick")), end) })
      }),
    ({ client, ledger }) =>
      Effect.gen(function* () {
        for (const path of ["/fail", "/die", "/reset"]) {
          const request = { method: "POST", path, body: scopedStream(ledger, "request", tick) }
          const error = yield* failure(read(client, request))
          const code = path === "/reset" ? ErrorCode.NO_ERROR : ErrorCode.INTERNAL_ERROR
          expect(error).toMatchObject({ _tag: "Http2StreamError", code, origin: "Remote" })
          yield* until(client, () => ledger.open.size === 0)
        }
        yield* hello(client)
      })
  )

  test(
    "all that it does: what does not finish in time fails, and is interrupted",
    (_, ledger) => Effect.zipRight(ledger.hold("handler"), Effect.never),
    ({ client, ledger, stop }) =>
      Effect.gen(function* () {
        const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.fork(failure(read(client, {}))))
        yield* until(client, () => client.connection.activeStreams === 3 && ledger.open.size === 1)
        yield* stop
        for (const error of yield* Fiber.join(Fiber.all(fibers))) expect(error.processed).toBe("unknown")
        expect(ledger.exits.map(([, exit]) => exit)).toEqual(["interrupted", "interrupted", "interrupted"])
        expect(yield* failure(read(client, {}))).toMatchObject({ processed: "no" })
      })
  )
})

/** content-length says 100. */
const ofLength = (length: number): Http2ServerResponse.Http2ServerResponse =>
  Http2ServerResponse.make({
    headers: { "content-length": "100" },
    body: Stream.fromIterable(Array.from({ length: length / 10 }, () => Buffer.alloc(10, "x")))
  })

describe("a body that is not as long as it says", () => {
  for (const length of [0, 60, 140]) {
    test(
      `${length} octets for 100 are an error at our client`,
      () => Effect.succeed(ofLength(length)),
      ({ client }) =>
        Effect.gen(function* () {
          expect(yield* failure(read(client, {}))).toMatchObject({ _tag: "Http2StreamError" })
          yield* hello(client)
        })
    )
  }
})

describeWithPeer("curl", "a body that is not as long as it says, at curl", (program) => {
  for (const length of [0, 60]) {
    test(
      `${length} octets for 100`,
      () => Effect.succeed(ofLength(length)),
      ({ url }) =>
        Effect.gen(function* () {
          const code = yield* Effect.async<unknown>((resume) => {
            execFile(program, ["-sk", "--http2-prior-knowledge", url], (error) => resume(Effect.succeed(error?.code)))
          })
          expect(code).toBeOneOf([18, 92])
        })
    )
  }
})
