/**
 * An HttpApi end to end: the server at our port, the client that is derived from the same description.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Cookies from "@effect/platform/Cookies"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpApiSecurity from "@effect/platform/HttpApiSecurity"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Multipart from "@effect/platform/Multipart"
import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { protocols } from "./support/harness.js"

class User extends Schema.Class<User>("User")({ id: Schema.Number, name: Schema.String, at: Schema.DateTimeUtc }) {}
class NoUser extends Schema.TaggedError<NoUser>()(
  "NoUser",
  { id: Schema.Number },
  HttpApiSchema.annotations({ status: 404 })
) {}
class Unauthorized extends Schema.TaggedError<Unauthorized>()(
  "Unauthorized",
  {},
  HttpApiSchema.annotations({ status: 401 })
) {}
class CurrentUser extends Context.Tag("CurrentUser")<CurrentUser, string>() {}
class Authorization extends HttpApiMiddleware.Tag<Authorization>()("Authorization", {
  failure: Unauthorized,
  provides: CurrentUser,
  security: { bearer: HttpApiSecurity.bearer }
}) {}

const id = Schema.Struct({ id: Schema.NumberFromString })
const Users = HttpApiGroup.make("users")
  .add(HttpApiEndpoint.get("find", "/users/:id").setPath(id).addSuccess(User).addError(NoUser))
  .add(
    HttpApiEndpoint.post("create", "/users")
      .setPayload(Schema.Struct({ name: Schema.String }))
      .setUrlParams(Schema.Struct({ upper: Schema.optional(Schema.BooleanFromString) }))
      .addSuccess(User, { status: 201 })
  )
  .add(
    HttpApiEndpoint.post("upload", "/upload")
      .setPayload(HttpApiSchema.Multipart(Schema.Struct({ file: Multipart.SingleFileSchema })))
      .addSuccess(Schema.String)
  )
  .add(HttpApiEndpoint.get("events", "/events"))
  .add(HttpApiEndpoint.get("me", "/me").addSuccess(Schema.String).middleware(Authorization))
const Api = HttpApi.make("api").add(Users)

const at = Schema.decodeSync(Schema.DateTimeUtc)("2020-01-01T00:00:00.000Z")
const UsersLive = HttpApiBuilder.group(Api, "users", (handlers) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    return handlers
      .handle("find", ({ path }) =>
        path.id === 1 ? Effect.succeed(new User({ id: 1, name: "one", at })) : new NoUser({ id: path.id })
      )
      .handle("create", ({ payload, urlParams }) =>
        Effect.succeed(
          new User({ id: 2, name: urlParams.upper === true ? payload.name.toUpperCase() : payload.name, at })
        )
      )
      .handle("upload", ({ payload }) => Effect.orDie(fs.readFileString(payload.file.path)))
      .handleRaw("events", () =>
        HttpServerResponse.stream(Stream.encodeText(Stream.make("a", "b", "c")), { contentType: "text/event-stream" })
      )
      .handle("me", () => CurrentUser)
  })
)
const AuthorizationLive = Layer.succeed(
  Authorization,
  Authorization.of({
    bearer: (token) => (Redacted.value(token) === "secret" ? Effect.succeed("me") : new Unauthorized())
  })
)
const Live = HttpApiBuilder.serve().pipe(
  Layer.provide(HttpApiBuilder.api(Api)),
  Layer.provide(UsersLive),
  Layer.provide(AuthorizationLive)
)

describe.each(protocols)("an HttpApi over $protocol", ({ layer }) => {
  it.scopedLive("with its derived client", () =>
    Effect.gen(function* () {
      yield* Layer.build(Live)
      const client = yield* HttpApiClient.make(Api)
      expect(yield* client.users.find({ path: { id: 1 } })).toEqual(new User({ id: 1, name: "one", at }))
      expect(yield* Effect.flip(client.users.find({ path: { id: 9 } }))).toEqual(new NoUser({ id: 9 }))
      const created = yield* client.users.create({ payload: { name: "two" }, urlParams: { upper: true } })
      expect(created.name).toBe("TWO")
      const form = new FormData()
      form.append("file", new Blob(["contents"]), "a.txt")
      expect(yield* client.users.upload({ payload: form })).toBe("contents")
      expect(yield* Effect.flip(client.users.me())).toEqual(new Unauthorized())
      const authorized = yield* HttpApiClient.make(Api, {
        transformClient: HttpClient.mapRequest(HttpClientRequest.bearerToken("secret"))
      })
      expect(yield* authorized.users.me()).toBe("me")
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("answers what does not fit the schema with 400, streams, and knows no other paths", () =>
    Effect.gen(function* () {
      yield* Layer.build(Live)
      expect((yield* HttpClient.get("/users/one")).status).toBe(400)
      const misfit = yield* HttpClientRequest.post("/users").pipe(
        HttpClientRequest.bodyUnsafeJson({ name: 1 }),
        HttpClient.execute
      )
      expect([misfit.status, yield* misfit.json]).toMatchObject([400, { _tag: "HttpApiDecodeError" }])
      const events = yield* HttpClient.get("/events")
      expect([events.headers["content-type"], yield* events.text]).toEqual(["text/event-stream", "abc"])
      expect((yield* HttpClient.get("/nowhere")).status).toBe(404)
    }).pipe(Effect.provide(layer))
  )
})

class Teapot extends Schema.TaggedError<Teapot>()("Teapot", {}) {}
class Full extends Schema.TaggedError<Full>()("Full", { message: Schema.String }) {}
class Unnamed extends Schema.TaggedError<Unnamed>()("Unnamed", {}) {}

const FullAsText = HttpApiSchema.withEncoding(
  Schema.transform(Schema.String, Full, {
    strict: true,
    decode: (message) => ({ _tag: "Full" as const, message }),
    encode: ({ message }) => message
  }),
  { kind: "Text" }
).annotations(HttpApiSchema.annotations({ status: 429 }))

const Name = Schema.Struct({ name: Schema.String })
const File = Schema.Struct({ file: Multipart.SingleFileSchema })

class CookieSession extends HttpApiMiddleware.Tag<CookieSession>()("CookieSession", {
  provides: CurrentUser,
  security: { cookie: HttpApiSecurity.apiKey({ in: "cookie", key: "token" }) }
}) {}

const Things = HttpApiGroup.make("things")
  .add(
    HttpApiEndpoint.get("teapot", "/teapot").addError(
      Teapot.pipe(HttpApiSchema.asEmpty({ status: 418, decode: () => new Teapot() }))
    )
  )
  .add(HttpApiEndpoint.get("full", "/full").addError(FullAsText))
  .add(HttpApiEndpoint.get("unnamed", "/unnamed").addError(Unnamed))
  .add(
    HttpApiEndpoint.get("list", "/")
      .setHeaders(Schema.Struct({ page: Schema.optionalWith(Schema.NumberFromString, { default: () => 1 }) }))
      .addSuccess(Schema.Array(Schema.Number))
  )
  .add(
    HttpApiEndpoint.post("create", "/")
      .setPayload(
        Schema.Union(
          Name,
          HttpApiSchema.Multipart(Name),
          Schema.Struct({ named: Schema.String }).pipe(HttpApiSchema.withEncoding({ kind: "UrlParams" }))
        )
      )
      .addSuccess(Schema.String)
  )
  .add(HttpApiEndpoint.post("response", "/response").setPayload(Name).addSuccess(Name))
  .add(HttpApiEndpoint.post("raw", "/raw").setPayload(Name).addSuccess(Name))
  .add(
    HttpApiEndpoint.post("parts", "/parts")
      .setPayload(HttpApiSchema.MultipartStream(File))
      .addSuccess(Schema.Struct({ type: Schema.String, length: Schema.Int }))
  )
  .add(HttpApiEndpoint.get("who", "/who").addSuccess(Schema.String).middleware(CookieSession))
  .prefix("/things")
const Root = HttpApiGroup.make("root", { topLevel: true }).add(
  HttpApiEndpoint.get("healthy", "/healthy").addSuccess(HttpApiSchema.NoContent)
)
const ThingsApi = HttpApi.make("things").add(Things).add(Root)

const ThingsLive = HttpApiBuilder.group(ThingsApi, "things", (handlers) =>
  handlers
    .handle("teapot", () => new Teapot())
    .handle("full", () => new Full({ message: "come back later" }))
    .handle("unnamed", () => new Unnamed())
    .handle("list", ({ headers }) => Effect.succeed([headers.page]))
    .handle("create", ({ payload }) => Effect.succeed("named" in payload ? payload.named : payload.name))
    .handle("response", ({ payload }) => Effect.succeed(HttpServerResponse.unsafeJson(payload)))
    .handleRaw("raw", ({ request }) =>
      Effect.map(Effect.orDie(request.json), (body) => HttpServerResponse.unsafeJson(body))
    )
    .handle("parts", ({ payload }) =>
      payload.pipe(
        Stream.filter(Multipart.isFile),
        Stream.mapEffect((file) =>
          Effect.map(file.contentEffect, ({ length }) => ({ length, type: file.contentType }))
        ),
        Stream.runHead,
        Effect.flatten,
        Effect.orDie
      )
    )
    .handle("who", () => CurrentUser)
)
const RootLive = HttpApiBuilder.group(ThingsApi, "root", (handlers) => handlers.handle("healthy", () => Effect.void))
const CookieSessionLive = Layer.succeed(
  CookieSession,
  CookieSession.of({ cookie: (token) => Effect.succeed(Redacted.value(token)) })
)
const parts = Layer.mergeAll(Layer.provide(ThingsLive, CookieSessionLive), RootLive)

const routers = [
  [
    "HttpApiBuilder",
    HttpApiBuilder.serve().pipe(
      Layer.provide(HttpApiBuilder.middlewareCors()),
      Layer.provide(HttpApiBuilder.api(ThingsApi)),
      Layer.provide(parts)
    )
  ],
  [
    "HttpLayerRouter",
    HttpLayerRouter.serve(HttpLayerRouter.addHttpApi(ThingsApi).pipe(Layer.provide(parts)), {
      disableListenLog: true,
      disableLogger: true
    })
  ]
] as const

const cases = [...protocols, { protocol: "HTTP/1.1 with NodeHttpServer", layer: NodeHttpServer.layerTest }].flatMap(
  ({ layer, protocol }) => routers.map(([router, app]) => ({ app, layer, protocol, router }))
)

describe.each(cases)("endpoints of every kind by $router over $protocol", ({ app, layer }) => {
  it.scoped("are answered as they are described", () =>
    Effect.gen(function* () {
      yield* Layer.build(app)
      const client = yield* HttpApiClient.make(ThingsApi)
      expect(yield* Effect.flip(client.things.teapot())).toEqual(new Teapot())
      const teapot = yield* HttpClient.get("/things/teapot")
      expect([teapot.status, yield* teapot.text]).toEqual([418, ""])
      expect(yield* Effect.flip(client.things.full())).toEqual(new Full({ message: "come back later" }))
      const unnamed = yield* HttpClient.get("/things/unnamed")
      expect([unnamed.status, yield* unnamed.json]).toEqual([500, { _tag: "Unnamed" }])
      expect(yield* (yield* HttpClient.get("/things")).json).toEqual([1])
      const [pages, response] = yield* client.things.list({ headers: { page: 7 }, withResponse: true })
      expect([pages, response.status]).toEqual([[7], 200])
      expect((yield* client.healthy({ withResponse: true }))[1].status).toBe(204)
      const group = yield* HttpApiClient.group(ThingsApi, {
        httpClient: yield* HttpClient.HttpClient,
        group: "things"
      })
      expect(yield* group.response({ payload: { name: "a" } })).toEqual({ name: "a" })
      const raw = yield* HttpApiClient.endpoint(ThingsApi, {
        httpClient: yield* HttpClient.HttpClient,
        group: "things",
        endpoint: "raw"
      })
      expect(yield* raw({ payload: { name: "b" } })).toEqual({ name: "b" })
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("take payloads of every kind", () =>
    Effect.gen(function* () {
      yield* Layer.build(app)
      const client = yield* HttpApiClient.make(ThingsApi)
      const form = new FormData()
      form.append("name", "of a form")
      expect(yield* client.things.create({ payload: { name: "of JSON" } })).toBe("of JSON")
      expect(yield* client.things.create({ payload: form })).toBe("of a form")
      expect(yield* client.things.create({ payload: { named: "of parameters" } })).toBe("of parameters")
      const file = new FormData()
      file.append("file", new Blob(["hello"], { type: "text/plain" }), "hello.txt")
      expect(yield* client.things.parts({ payload: file })).toEqual({ type: "text/plain", length: 5 })
    }).pipe(Effect.provide(layer))
  )

  it.scoped("know who asks by a cookie that the client keeps", () =>
    Effect.gen(function* () {
      yield* Layer.build(app)
      const cookies = yield* Ref.make(Cookies.unsafeSet(Cookies.empty, "token", "Ada"))
      const client = yield* HttpApiClient.makeWith(ThingsApi, {
        httpClient: HttpClient.withCookiesRef(yield* HttpClient.HttpClient, cookies)
      })
      expect(yield* client.things.who()).toBe("Ada")
    }).pipe(Effect.provide(layer))
  )
})
