/** What the sample application offers: the descriptions that its server and its clients are derived from. */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Rpc from "effect/rpc/Rpc"
import * as RpcGroup from "effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"

export class Note extends Schema.Class<Note>("Note")({ id: Schema.Finite, text: Schema.String }) {}

export class NoSuchNote extends Schema.TaggedError<NoSuchNote>()(
  "NoSuchNote",
  { id: Schema.Finite },
  { httpApiStatus: 404 }
) {}

const notes = HttpApiGroup.make("notes").add(
  HttpApiEndpoint.get("find", "/api/notes/:id", {
    params: { id: Schema.FiniteFromString },
    query: { upper: Schema.optional(Schema.Literals(["true", "false"])) },
    success: Note,
    error: NoSuchNote
  }),
  HttpApiEndpoint.post("create", "/api/notes", {
    payload: Schema.Struct({ text: Schema.NonEmptyString }),
    success: Note.pipe(HttpApiSchema.status(201))
  })
)

export const Api = HttpApi.make("app").add(notes)

const isCount = [Schema.isInt(), Schema.isBetween({ minimum: 0, maximum: 1000 })] as const

/** How many ticks are asked for: the parameter of `/ticks/:count`. */
export const TicksParams = Schema.Struct({ count: Schema.FiniteFromString.check(...isCount) })

export class Nobody extends Schema.TaggedError<Nobody>()("Nobody", {}) {}

export const Rpcs = RpcGroup.make(
  Rpc.make("Greet", { payload: { name: Schema.String }, success: Schema.String, error: Nobody }),
  Rpc.make("Count", { payload: { to: Schema.Finite.check(...isCount) }, success: Schema.Finite, stream: true })
)
