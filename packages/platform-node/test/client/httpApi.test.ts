/** A typed client of an HttpApi over our client, against a server of `node:http2` that answers as the API says. */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { expect } from "vitest"
import { check, makeClient, protocols, readAll } from "./support/servers.js"

class User extends Schema.Class<User>("User")({ id: Schema.NumberFromString, name: Schema.String }) {}

class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { id: Schema.Number }) {}

const Users = HttpApiGroup.make("users")
  .add(
    HttpApiEndpoint.get("byId", "/users/:id")
      .setPath(Schema.Struct({ id: Schema.NumberFromString }))
      .setUrlParams(Schema.Struct({ full: Schema.optional(Schema.BooleanFromString) }))
      .addSuccess(User)
      .addError(NotFound, { status: 404 })
  )
  .add(
    HttpApiEndpoint.post("create", "/users")
      .setPayload(Schema.Struct({ name: Schema.String }))
      .setHeaders(Schema.Struct({ "x-key": Schema.String }))
      .addSuccess(User, { status: 201 })
  )
  .add(HttpApiEndpoint.del("remove", "/users/:id").setPath(Schema.Struct({ id: Schema.NumberFromString })))

const Api = HttpApi.make("api").add(Users)

for (const { application, protocol } of protocols) {
  check(`HttpApiClient over ${protocol}`, () =>
    Effect.gen(function* () {
      const { url } = yield* application((request, response) => {
        const json = (status: number, value: unknown): void => {
          response.writeHead(status, { "content-type": "application/json" })
          response.end(JSON.stringify(value))
        }
        if (request.method === "DELETE") return void response.writeHead(204).end()
        if (request.method === "POST") {
          return void readAll(request).then((body) =>
            json(201, {
              id: "2",
              name: `${(JSON.parse(body.toString()) as { name: string }).name} ${String(request.headers["x-key"])}`
            })
          )
        }
        if (request.url === "/users/9") return json(404, { _tag: "NotFound", id: 9 })
        json(200, { id: "1", name: request.url })
      })
      const http = yield* makeClient()
      const client = yield* Effect.provideService(
        HttpApiClient.make(Api, { baseUrl: url }),
        HttpClient.HttpClient,
        http
      )
      const one = yield* client.users.byId({ path: { id: 1 }, urlParams: { full: true } })
      expect([one.id, one.name]).toEqual([1, "/users/1?full=true"])
      const created = yield* client.users.create({ payload: { name: "Ada" }, headers: { "x-key": "k" } })
      expect([created instanceof User, created.name]).toEqual([true, "Ada k"])
      expect(yield* Effect.flip(client.users.byId({ path: { id: 9 }, urlParams: {} }))).toEqual(new NotFound({ id: 9 }))
      expect(yield* client.users.remove({ path: { id: 1 } })).toBe(undefined)
    })
  )
}
