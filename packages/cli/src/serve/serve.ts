/** `effect-http2 serve DIR`: the files of a folder over HTTP/2, and over HTTP/1.1 for those who speak nothing else. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { X509Certificate } from "node:crypto"
import { readFile, realpath, stat } from "node:fs/promises"
import { performance } from "node:perf_hooks"
import { createSecureContext } from "node:tls"
import { flag, toOptions, unmark, value } from "../arguments.js"
import * as Certificate from "../Certificate.js"
import { InputError, ListenError, UsageError } from "../failure.js"
import { parseCount } from "../get/getOptions.js"
import { Output, type OutputTo } from "../output.js"
import * as Files from "./files.js"

export const definitions = {
  port: value("port", "p", "PORT", "Where to listen; 0 takes a free one. Default: 8443, with --plain 8080"),
  host: value(
    "host",
    undefined,
    "HOST",
    "The name or address to listen at. Default: localhost, which nobody else reaches"
  ),
  cert: value("cert", undefined, "FILE", "The certificate, in PEM; with --key. Default: one that is made at start"),
  key: value("key", undefined, "FILE", "Its key, in PEM"),
  plain: flag("plain", undefined, "Without TLS: HTTP/2 with prior knowledge, or HTTP/1.1"),
  maxAge: value("max-age", undefined, "SECONDS", "How long clients need not ask again. Default: 0"),
  all: flag("all", "a", "Files whose names begin with a dot, too"),
  noListing: flag("no-listing", undefined, "No lists of folders without index.html"),
  silent: flag("silent", "s", "No line for each request"),
  json: flag("json", undefined, "Lines of JSON: where it listens, then each request")
} as const

interface Given {
  readonly port: string | undefined
  readonly host: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly plain: boolean
  readonly maxAge: string | undefined
  readonly all: boolean
  readonly noListing: boolean
  readonly silent: boolean
  readonly json: boolean
  readonly folder: string
}

const read = (path: string): Effect.Effect<string, InputError> =>
  Effect.tryPromise({ try: () => readFile(path, "utf8"), catch: (cause) => new InputError({ source: path, cause }) })

/** What `--cert` and `--key` name, or a certificate that is made now. */
export const certificateOf = (
  command: string,
  { cert, key }: Pick<Given, "cert" | "key">,
  host: string
): Effect.Effect<Certificate.Certificate, InputError | UsageError> => {
  if (cert === undefined && key === undefined) return Effect.orDie(Certificate.make(host))
  if (cert === undefined || key === undefined) {
    return Effect.fail(new UsageError({ command, reason: "--cert and --key come together" }))
  }
  return Effect.tap(Effect.all({ cert: read(cert), key: read(key) }), (pair) =>
    Effect.try({
      try: () => createSecureContext(pair),
      catch: (cause) => new InputError({ source: `${cert} with ${key}`, cause })
    })
  )
}

export const parsePort = (
  command: string,
  text: string | undefined,
  otherwise: number
): Effect.Effect<number, UsageError> =>
  text === undefined
    ? Effect.succeed(otherwise)
    : Effect.filterOrFail(
        parseCount(command, "-p", text, 0),
        (port) => port <= 65_535,
        () => new UsageError({ command, reason: `-p ${text} is no port: 0 to 65535` })
      )

const everyAddress = new Set(["0.0.0.0", "::"])

/** Where a browser finds it. */
export const urlOf = (scheme: string, host: string, port: number): string => {
  const name = everyAddress.has(host) ? "localhost" : host.includes(":") ? `[${host}]` : host
  return `${scheme}://${name}:${port}`
}

const folderOf = (folder: string): Effect.Effect<string, InputError> =>
  Effect.tryPromise({
    try: async () => {
      const real = await realpath(folder)
      if (!(await stat(real)).isDirectory()) throw new Error("it is no folder")
      return real
    },
    catch: (cause) => new InputError({ source: folder, cause })
  })

const clean = (text: string): string => JSON.stringify(text).slice(1, -1)

/** A line for each request, when its response is made, or cannot be made. */
const logged = <E, R>(app: HttpApp.Default<E, R>, output: OutputTo, json: boolean): HttpApp.Default<E, R> =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const startedAt = performance.now()
    const { method, originalUrl: path } = request
    const protocol = Option.isSome(NodeHttp2Server.toHttp2ServerRequest(request)) ? "HTTP/2" : "HTTP/1.1"
    const log = (status: number, octets: string | undefined, error?: string): Effect.Effect<void> => {
      const milliseconds = Math.round((performance.now() - startedAt) * 1000) / 1000
      if (json) {
        const length = octets === undefined ? {} : { octets: Number(octets) }
        const failure = error === undefined ? {} : { error }
        return Effect.ignore(output.writeJson({ method, path, protocol, status, ...length, milliseconds, ...failure }))
      }
      const line = `${clean(method)} ${clean(path)} ${protocol} ${status} ${octets ?? "-"} ${milliseconds.toFixed(1)} ms`
      return Effect.sync(() => output.tell(error === undefined ? line : `${line}: ${error}`))
    }
    return app.pipe(
      Effect.tap(({ headers, status }) => log(status, headers["content-length"])),
      Effect.tapErrorCause((cause) => log(500, undefined, clean(String(Cause.squash(cause)))))
    )
  })

const serve = (given: Given) =>
  Effect.gen(function* () {
    const output = yield* Output
    const host = given.host ?? "localhost"
    const root = yield* folderOf(given.folder)
    const port = yield* parsePort("serve", given.port, given.plain ? 8080 : 8443)
    const maxAge = given.maxAge === undefined ? 0 : yield* parseCount("serve", "--max-age", given.maxAge, 0)
    const tls = given.plain ? undefined : yield* certificateOf("serve", given, host)
    const files = Files.make({ root, maxAge, showsHidden: given.all, lists: !given.noListing })
    const app = given.silent ? files : logged(files, output, given.json)
    const server = yield* Effect.mapError(
      NodeHttp2Server.make({ host, port, tls, gracefulShutdownTimeout: "10 seconds" }),
      ({ cause }) => new ListenError({ address: `${host}:${port}`, cause })
    )
    const context = yield* Layer.build(NodeHttp2Server.layerContext)
    yield* HttpServer.serveEffect(app).pipe(
      Effect.provideService(HttpServer.HttpServer, server),
      Effect.provide(context)
    )
    const bound = server.address._tag === "TcpAddress" ? server.address.port : port
    const url = urlOf(tls === undefined ? "http" : "https", host, bound)
    const fingerprint = tls === undefined ? undefined : new X509Certificate(tls.cert).fingerprint256
    if (given.json)
      yield* output.writeJson({ url, folder: root, ...(fingerprint === undefined ? {} : { fingerprint }) })
    else yield* output.write(`${root} at ${url}${fingerprint === undefined ? "" : `\ncertificate ${fingerprint}`}\n`)
    return yield* Effect.never
  })

const folder = Args.text({ name: "DIR" }).pipe(
  Args.withDescription("The folder. Default: this one"),
  Args.withDefault("."),
  Args.map(unmark)
)

export const command = Command.make("serve", { ...toOptions(definitions), folder }, (given) =>
  Effect.scoped(serve(given))
).pipe(
  Command.withDescription(
    "The files of a folder over HTTP/2, with a certificate that is made at start, until it is interrupted: ranges, conditional requests, compression."
  )
)
