/** A typed client of an HttpApi over our client, against a server of Node's own that answers as the API says. */
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as Schema from "effect/Schema"
import { expect } from "vitest"
import { check, makeClient, protocols, readAll } from "./support/servers.js"

class User extends Schema.Class<User>("User")({ id: Schema.NumberFromString, name: Schema.String }) {}

class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { id: Schema.Number }, { httpApiStatus: 404 }) {}

const Users = HttpApiGroup.make("users").add(
  HttpApiEndpoint.get("byId", "/users/:id", {
    params: { id: Schema.NumberFromString },
    query: { full: Schema.optional(Schema.String) },
    success: User,
    error: NotFound
  }),
  HttpApiEndpoint.post("create", "/users", {
    payload: Schema.Struct({ name: Schema.String }),
    headers: { "x-key": Schema.String },
    success: User
  }),
  HttpApiEndpoint.delete("remove", "/users/:id", { params: { id: Schema.NumberFromString } })
)

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
            json(200, {
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
      const one = yield* client.users.byId({ params: { id: 1 }, query: { full: "true" } })
      expect([one.id, one.name]).toEqual([1, "/users/1?full=true"])
      const created = yield* client.users.create({ payload: { name: "Ada" }, headers: { "x-key": "k" } })
      expect([created instanceof User, created.name]).toEqual([true, "Ada k"])
      const error = yield* Effect.flip(client.users.byId({ params: { id: 9 }, query: {} }))
      expect(error).toMatchObject({ _tag: "NotFound", id: 9 })
      expect(yield* client.users.remove({ params: { id: 1 } })).toBe(undefined)
    })
  )
}
