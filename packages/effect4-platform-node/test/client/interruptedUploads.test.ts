/** Uploads that are given up: the body's Stream is interrupted and its finalizers run, over either protocol, as with the stock layers. */
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { hasUndici } from "./support/clients.js"
import { certificate, check, http, http2Application, https, makeEvent } from "./support/servers.js"

type Application = Parameters<typeof https>[0]

const tls = { ca: certificate.cert }

/** Ours over each protocol, with how the client comes about; and what they stand in for. */
const layers = [
  { name: "ours, h2", application: http2Application, layer: NodeHttp2Client.layer({ tls }) },
  { name: "ours, http/1.1", application: https, layer: NodeHttp2Client.layer({ tls }) },
  {
    name: "NodeHttpClient.layerNodeHttp",
    application: (handler: Application) => http(handler),
    layer: NodeHttpClient.layerNodeHttp
  },
  {
    name: "NodeHttpClient.layerUndici",
    application: (handler: Application) => http(handler),
    layer: NodeHttpClient.layerUndici
  }
].filter(({ layer }) => hasUndici || layer !== NodeHttpClient.layerUndici)

/** A request whose head has arrived, and whose body nobody reads. */
const makeServer = (application: (typeof layers)[number]["application"]) =>
  Effect.gen(function* () {
    const arrived = makeEvent()
    const { url } = yield* application(() => arrived.happen())
    return { url, arrived: arrived.happened }
  })

/** A body that says when it has begun, and when its finalizers have run. */
const watched = (body: Stream.Stream<Uint8Array>) =>
  Effect.gen(function* () {
    const begun = yield* Deferred.make<void>()
    const finalized = yield* Deferred.make<void>()
    const acquired = Effect.acquireRelease(Deferred.succeed(begun, undefined), () =>
      Deferred.succeed(finalized, undefined)
    )
    const stream = Stream.fromEffect(acquired).pipe(
      Stream.flatMap(() => body),
      Stream.scoped
    )
    return { stream, begun: Deferred.await(begun), finalized: Deferred.await(finalized) }
  })

/** Of what is open as `fd`; undefined where nothing is. */
const inodeOf = (fd: number): number | undefined => {
  try {
    return Fs.fstatSync(fd).ino
  } catch {
    return undefined
  }
}

const bodies = {
  "is silent": Stream.concat(Stream.make(new Uint8Array(10)), Stream.never),
  "waits for the peer to take more": Stream.fromEffectRepeat(Effect.as(Effect.yieldNow, new Uint8Array(65_536)))
}

for (const { application, layer, name } of layers) {
  describe(name, () => {
    for (const [what, body] of Object.entries(bodies)) {
      check(`an upload that is interrupted while its Stream ${what}`, () =>
        Effect.gen(function* () {
          const { arrived, url } = yield* makeServer(application)
          const { begun, finalized, stream } = yield* watched(body)
          const fiber = yield* Effect.forkChild(
            HttpClient.execute(HttpClientRequest.bodyStream(HttpClientRequest.post(url), stream))
          )
          yield* arrived
          yield* begun
          // What can be written is written.
          for (let turns = 0; turns < 50; turns++) yield* Effect.promise(() => new Promise(setImmediate))
          yield* Fiber.interrupt(fiber)
          yield* finalized
        }).pipe(Effect.provide(layer))
      )
    }

    check("30 uploads of a file that are given up leave no file open", () =>
      Effect.gen(function* () {
        const path = join(
          tmpdir(),
          `effect-http2-upload-${process.pid}-${layers.findIndex((each) => each.name === name)}`
        )
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            // More than kernels keep for a socket.
            Fs.closeSync(Fs.openSync(path, "w"))
            Fs.truncateSync(path, 64 * 1024 * 1024)
          }),
          () => Effect.sync(() => Fs.rmSync(path))
        )
        const { ino } = Fs.statSync(path)
        const openFiles = () => Fs.readdirSync("/dev/fd").filter((fd) => inodeOf(Number(fd)) === ino).length
        const { url } = yield* application(() => undefined)
        const request = yield* HttpClientRequest.bodyFile(HttpClientRequest.post(url), path)
        const fibers = yield* Effect.replicateEffect(Effect.forkChild(HttpClient.execute(request)), 30)
        while (openFiles() < 30) yield* Effect.promise(() => new Promise(setImmediate))
        yield* Fiber.interruptAll(fibers)
        while (openFiles() > 0) yield* Effect.promise(() => new Promise(setImmediate))
      }).pipe(Effect.provide(layer), Effect.provide(NodeFileSystem.layer))
    )
  })
}

for (const { application, name } of layers.slice(0, 2)) {
  describe(`${name}, of a client that was made where nothing can be interrupted`, () => {
    check("an upload is interrupted all the same", () =>
      Effect.gen(function* () {
        const { arrived, url } = yield* makeServer(application)
        const { finalized, stream } = yield* watched(bodies["is silent"])
        const client = yield* Effect.uninterruptible(NodeHttp2Client.make({ tls }))
        const fiber = yield* Effect.forkChild(
          client.execute(HttpClientRequest.bodyStream(HttpClientRequest.post(url), stream))
        )
        yield* arrived
        yield* Fiber.interrupt(fiber)
        yield* finalized
      })
    )

    check("a dial that hangs does not hold the end of the scope", () =>
      Effect.gen(function* () {
        const accepted = makeEvent()
        const { server, url } = yield* http(() => undefined)
        server.once("connection", () => accepted.happen())
        const scope = yield* Scope.make()
        const make = Effect.uninterruptible(NodeHttp2Client.make({ tls, connectTimeout: "1 hour" }))
        const client = yield* Scope.provide(make, scope)
        const fiber = yield* Effect.forkChild(Effect.flip(client.get(url.replace("http:", "https:"))))
        yield* accepted.happened
        yield* Scope.close(scope, Exit.void)
        expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "TransportError" } })
      })
    )
  })
}
