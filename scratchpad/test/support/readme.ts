/** The programs of README.md: a server and a client for each version of Effect. */
import { readFileSync } from "node:fs"

export const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8")

const [server3 = "", client3 = "", server4 = "", client4 = "", ...rest] = [
  ...readme.matchAll(/^```ts\n(.*?)^```$/gms)
].map(([, code = ""]) => code)

/** By the names that the README gives them. */
export interface Programs {
  readonly "hello.ts": string
  readonly "ask.ts": string
}

export const programs: { readonly [version in 3 | 4]: Programs } = {
  3: { "hello.ts": server3, "ask.ts": client3 },
  4: { "hello.ts": server4, "ask.ts": client4 }
}

/** What it has besides. */
export const others: ReadonlyArray<string> = rest
