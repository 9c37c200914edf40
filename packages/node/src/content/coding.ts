/**
 * Content codings at a server (RFC 9110 §8.4.1, §12.5.3): which one a client wants most of those that there are, what is worth it, and the encoders of
 * `node:zlib`, which give out what was written to them with each chunk.
 */
import { Transform } from "node:stream"
import * as Zlib from "node:zlib"

/** A coding that this Node encodes, by its name in Content-Encoding. */
export type Coding = "br" | "zstd" | "gzip"

/** In the order of preference, where the client has none. */
export const codings: ReadonlyArray<Coding> = Reflect.has(Zlib, "createZstdCompress")
  ? ["br", "zstd", "gzip"]
  : ["br", "gzip"]

/** What Accept-Encoding says of one coding: from 0, not at all, to 1. */
const weightOf = (parameters: ReadonlyArray<string>): number => {
  const quality = parameters.map((each) => /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/i.exec(each)?.[1]).find(Boolean)
  return quality === undefined ? 1 : Math.min(1, Number(quality))
}

const weights = (acceptEncoding: string): ReadonlyMap<string, number> =>
  new Map(
    acceptEncoding.split(",").map((each) => {
      const [name = "", ...parameters] = each.split(";")
      const coding = name.trim().toLowerCase()
      return [coding === "x-gzip" ? "gzip" : coding, weightOf(parameters)] as const
    })
  )

/**
 * The coding to use: of those that the client takes the one that it wants most, of equals the first in `available`. "identity" where it wants none of them
 * as much, and where it takes nothing at all, since a response that it may be able to read is better than none (§12.5.3).
 */
export const negotiate = (
  acceptEncoding: string | undefined,
  available: ReadonlyArray<Coding> = codings
): Coding | "identity" => {
  if (acceptEncoding === undefined) return "identity"
  const given = weights(acceptEncoding)
  const any = given.get("*") ?? 0
  // Without a word about it, identity is there for who takes nothing else.
  const identity = given.get("identity") ?? (given.has("*") ? any : 0)
  let best: Coding | "identity" = "identity"
  let most = identity
  for (const coding of available) {
    const weight = given.get(coding) ?? any
    // Of equals a coding goes before identity.
    if (weight > most || (weight > 0 && weight === most && best === "identity")) {
      best = coding
      most = weight
    }
  }
  return best
}

const text = /^(?:text\/|[^;]*\+(?:json|xml|text)\b)/i

const compressible = new Set([
  "application/ecmascript",
  "application/graphql",
  "application/javascript",
  "application/json",
  "application/manifest+json",
  "application/ndjson",
  "application/rtf",
  "application/toml",
  "application/vnd.ms-fontobject",
  "application/wasm",
  "application/x-javascript",
  "application/x-ndjson",
  "application/x-sh",
  "application/x-www-form-urlencoded",
  "application/xml",
  "application/yaml",
  "font/otf",
  "font/ttf",
  "image/bmp",
  "image/svg+xml",
  "image/vnd.microsoft.icon",
  "image/x-icon"
])

/** Whether content of this type gets smaller: text does, and pictures, archives and the like are compressed already. */
export const isCompressible = (contentType: string | undefined): boolean => {
  if (contentType === undefined) return false
  const type = (contentType.split(";", 1)[0] ?? "").trim().toLowerCase()
  return text.test(type) || compressible.has(type)
}

/** Whether Cache-Control lets anybody on the way change the content (RFC 9111 §5.2.2.6). */
export const mayTransform = (cacheControl: string | undefined): boolean =>
  cacheControl === undefined || !/(?:^|[,\s])no-transform(?:$|[,\s;])/i.test(cacheControl)

const zstd = (): Transform => {
  const make: unknown = Reflect.get(Zlib, "createZstdCompress")
  const flush = { flush: Reflect.get(Zlib.constants, "ZSTD_e_flush") as unknown }
  const encoder: unknown = typeof make === "function" ? Reflect.apply(make, Zlib, [flush]) : undefined
  if (encoder instanceof Transform) return encoder
  throw new Error("this Node has no zstd")
}

/**
 * An encoder, which gives out all that it was given with each chunk, so that events leave as they come. Of Brotli it takes the level that is as fast as gzip's
 * usual one.
 */
export const makeEncoder = (coding: Coding): Transform => {
  switch (coding) {
    case "br":
      return Zlib.createBrotliCompress({
        flush: Zlib.constants.BROTLI_OPERATION_FLUSH,
        params: { [Zlib.constants.BROTLI_PARAM_QUALITY]: 4 }
      })
    case "zstd":
      return zstd()
    case "gzip":
      return Zlib.createGzip({ flush: Zlib.constants.Z_SYNC_FLUSH })
  }
}
