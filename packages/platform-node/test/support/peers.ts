/**
 * Finds the programs of others that interop suites talk to. A suite whose program is missing is skipped, and named at the end of the
 * run by `reportSkipped.ts`; with `REQUIRE_PEERS=1` in the environment it fails instead. With `WITHOUT_PEERS=1` none is found.
 */
import { execFileSync } from "node:child_process"
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"
import { describe, it } from "vitest"

/**
 * What a program is looked for as, beyond its own name on the PATH, and what it has to be able to do.
 */
interface Peer {
  /** Other names, and places that an ordinary user's PATH does not have. */
  readonly candidates: ReadonlyArray<string>
  readonly usable?: (path: string) => boolean
}

const peers = {
  curl: {
    candidates: ["/usr/bin/curl"],
    usable: (path) => execFileSync(path, ["--version"], { encoding: "utf8" }).includes("HTTP2")
  },
  nghttp: { candidates: ["/usr/bin/nghttp"] },
  nghttpd: { candidates: ["/usr/sbin/nghttpd", "/usr/bin/nghttpd"] },
  h2load: { candidates: ["/usr/bin/h2load"] },
  nginx: { candidates: ["/usr/sbin/nginx", "/usr/local/sbin/nginx"] },
  haproxy: { candidates: ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"] },
  chromium: { candidates: ["chromium-browser", "google-chrome", "/usr/bin/chromium"] }
} satisfies Record<string, Peer>

export type PeerName = keyof typeof peers

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const onPath = (name: string): ReadonlyArray<string> =>
  name.includes("/") ? [name] : (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name))

const isUsable = (peer: Peer, path: string): boolean => {
  if (!isExecutable(path)) return false
  try {
    return peer.usable?.(path) ?? true
  } catch {
    return false
  }
}

/** The path of a program, or undefined where it is not installed, or not fit for HTTP/2. */
export const findPeer = (name: PeerName): string | undefined => {
  if (process.env["WITHOUT_PEERS"] === "1") return undefined
  const peer: Peer = peers[name]
  return [name, ...peer.candidates].flatMap(onPath).find((path) => isUsable(peer, path))
}

/** As `findPeer`; with `REQUIRE_PEERS=1` a missing program is an error. */
export const requirePeer = (name: PeerName): string | undefined => {
  const path = findPeer(name)
  if (path === undefined && process.env["REQUIRE_PEERS"] === "1") {
    throw new Error(`${name} is not installed, and REQUIRE_PEERS=1 asks for it`)
  }
  return path
}

/**
 * A suite that needs a program. `define` gets its path. Where it is missing the suite's tests are skipped, or, with `REQUIRE_PEERS=1`, one
 * test fails in their place.
 */
export const describeWithPeer = (name: PeerName, title: string, define: (path: string) => void): void => {
  const path = findPeer(name)
  if (path !== undefined) {
    describe(title, () => define(path))
  } else if (process.env["REQUIRE_PEERS"] === "1") {
    describe(title, () => {
      it(`finds ${name}`, () => {
        requirePeer(name)
      })
    })
  } else {
    describe.skip(`${name} is not installed (${title})`, () => define(name))
  }
}
