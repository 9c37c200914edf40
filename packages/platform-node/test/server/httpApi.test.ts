/**
 * An HttpApi end to end: the server at our port, the client that is derived from the same description.
 */
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
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Multipart from "@effect/platform/Multipart"
import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
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
