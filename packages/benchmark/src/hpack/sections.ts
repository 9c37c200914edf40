/**
 * Field sections as a connection carries them: requests of one browser and responses of one site in turn. Most of a section repeats what
 * came before; paths, dates, lengths, entity tags and trace ids do not.
 */
import { requestFields, responseFields } from "../fields.js"
import type { Pair } from "./codec.js"

const hex = (seed: number, length: number): string => {
  let state = (seed + 1) * 2_654_435_761
  let text = ""
  while (text.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    text += state.toString(16).padStart(8, "0")
  }
  return text.slice(0, length)
}

const replace = (pairs: ReadonlyArray<Pair>, values: { readonly [name: string]: string }): ReadonlyArray<Pair> =>
  pairs.map(([name, value]) => [name, values[name] ?? value])

const paths = [
  "/",
  "/catalogue/garden/tools",
  "/assets/site.css",
  "/assets/site.js",
  "/api/v1/basket",
  "/images/logo.svg"
]

const request = (index: number): ReadonlyArray<Pair> => [
  [":method", index % 7 === 6 ? "POST" : "GET"],
  [":scheme", "https"],
  [":authority", "shop.example.com"],
  [":path", index % 3 === 2 ? `/api/v1/items/${hex(index, 12)}?page=${index}` : (paths[index % paths.length] ?? "/")],
  ...replace(requestFields, { traceparent: `00-${hex(index, 32)}-${hex(index + 1000, 16)}-01` })
]

const response = (index: number): ReadonlyArray<Pair> => [
  [":status", index % 11 === 10 ? "304" : "200"],
  ["date", `Tue, 01 Jul 2025 08:${String(index >> 1).padStart(2, "0")}:00 GMT`],
  ["content-type", index % 3 === 2 ? "application/json" : "text/html; charset=utf-8"],
  ["content-length", String(500 + ((index * 7919) % 60_000))],
  ...replace(responseFields, {
    etag: hex(index, 32),
    "x-request-id": hex(index + 5000, 32),
    "x-ratelimit-remaining": String(4999 - index)
  })
]

/** So many requests and responses in turn: those of one direction on one connection are every other one. */
export const requests: ReadonlyArray<ReadonlyArray<Pair>> = Array.from({ length: 64 }, (_, index) => request(index))
export const responses: ReadonlyArray<ReadonlyArray<Pair>> = Array.from({ length: 64 }, (_, index) => response(index))
