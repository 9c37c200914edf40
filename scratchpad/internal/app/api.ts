/** What the sample application offers: the descriptions that its server and its clients are derived from. */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Rpc from "@effect/rpc/Rpc"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"

export class Note extends Schema.Class<Note>("Note")({ id: Schema.Number, text: Schema.String }) {}

export class NoSuchNote extends Schema.TaggedError<NoSuchNote>()(
  "NoSuchNote",
  { id: Schema.Number },
  HttpApiSchema.annotations({ status: 404 })
) {}

const notes = HttpApiGroup.make("notes")
  .add(
    HttpApiEndpoint.get("find", "/api/notes/:id")
      .setPath(Schema.Struct({ id: Schema.NumberFromString }))
      .setUrlParams(Schema.Struct({ upper: Schema.optional(Schema.BooleanFromString) }))
      .addSuccess(Note)
      .addError(NoSuchNote)
  )
  .add(
    HttpApiEndpoint.post("create", "/api/notes")
      .setPayload(Schema.Struct({ text: Schema.NonEmptyString }))
      .addSuccess(Note, { status: 201 })
  )

export const Api = HttpApi.make("app").add(notes)

const count = Schema.Number.pipe(Schema.int(), Schema.between(0, 1000))

/** How many ticks are asked for: the parameter of `/ticks/:count`. */
export const TicksParams = Schema.Struct({ count: Schema.compose(Schema.NumberFromString, count) })

export class Nobody extends Schema.TaggedError<Nobody>()("Nobody", {}) {}

export const Rpcs = RpcGroup.make(
  Rpc.make("Greet", { payload: { name: Schema.String }, success: Schema.String, error: Nobody }),
  Rpc.make("Count", { payload: { to: count }, success: Schema.Number, stream: true })
)
