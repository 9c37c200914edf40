/** get, as a process, against the servers of others. */
import { once } from "node:events"
import { writeFile } from "node:fs/promises"
import * as Http2 from "node:http2"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { describeWithPeer } from "../../platform-node/test/support/peers.js"
import * as PeerServers from "../../platform-node/test/support/peerServers.js"
import { octets } from "../../platform-node/test/support/pseudoRandom.js"
import { run } from "./support/programs.js"

/** 8 MB of text: `run` reads text. */
const large = octets(6_000_000, 1).toString("base64")

const schemes = ["http", "https"] as const
const get = (...args: ReadonlyArray<string>) => run("get", "-k", ...args)

const define = (start: () => Promise<PeerServers.PeerServer>, server: RegExp): void => {
  let peer: PeerServers.PeerServer
  beforeAll(async () => {
    peer = await start()
    await writeFile(join(peer.root, "hello"), "Hello World!")
    await writeFile(join(peer.root, "large"), large)
  })
  afterAll(() => peer.stop())

  describe.each(schemes)("over %s", (scheme) => {
    it("a small file, every frame shown", async () => {
      const { code, stderr, stdout } = await get("-v", `${peer[scheme]}/hello`)
      expect({ code, stdout }).toEqual({ code: 0, stdout: "Hello World!" })
      expect(stderr).toMatch(/^< +\d+\.\d ms HEADERS stream=1 .*:status: 200.*content-length: 12/m)
      expect(stderr).toMatch(server)
    })

    it("a large file", async () => {
      const { code, stderr, stdout } = await get(`${peer[scheme]}/large`)
      expect({ code, stderr, same: stdout === large }).toEqual({ code: 0, stderr: "", same: true })
    })

    it("a file that is not there", async () => {
      const { code, stderr } = await get(`${peer[scheme]}/nope`)
      expect(code).toBe(1)
      expect(stderr).toMatch(/^StatusError: .*404\n$/)
    })
  })

  it("over https, whose certificate nobody vouches for", async () => {
    const { code, stderr } = await run("get", `${peer.https}/hello`)
    expect(code).toBe(3)
    expect(stderr).toMatch(/^Http2TransportError: transport: Tls: /)
  })
}

describeWithPeer("nginx", "get and nginx", (program) => {
  define(() => PeerServers.nginx(program), /server: nginx/)
})

describeWithPeer("nghttpd", "get and nghttpd", (program) => {
  define(() => PeerServers.nghttpd(program), /server: nghttpd/)

  it("gives back what it posts", async () => {
    const peer = await PeerServers.nghttpd(program)
    const { code, stderr, stdout } = await get("-v", "-d", "one=1", `${peer.http}/echo`)
    await peer.stop()
    expect({ code, stdout }).toEqual({ code: 0, stdout: "one=1" })
    expect(stderr).toMatch(/^< +\d+\.\d ms HEADERS stream=1 flags=END_STREAM,END_HEADERS x-trailer: behind$/m)
  })
})

describe("get and node:http2", () => {
  const server = Http2.createServer()
  let url: string
  beforeAll(async () => {
    server.on("stream", (stream, headers) => {
      stream.on("error", () => {})
      if (headers[":path"] === "/goaway") stream.session?.goaway(11, 0, Buffer.from("calm down"))
      if (headers[":path"] === "/goaway") return stream.session?.destroy()
      if (headers[":path"] === "/refused") return stream.close(Http2.constants.NGHTTP2_REFUSED_STREAM)
      stream.respond({ ":status": 200 })
      stream.end(large)
    })
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.close()
  })

  it("a large body", async () => {
    const { code, stderr, stdout } = await get(url)
    expect({ code, stderr, same: stdout === large }).toEqual({ code: 0, stderr: "", same: true })
  })

  it("GOAWAY and a lost connection", async () => {
    const { code, stderr } = await get(`${url}/goaway`)
    expect(code).toBeOneOf([3, 4])
    expect(stderr).toMatch(/^Http2\w+Error: .*\n$/)
  })

  it("a stream that is refused", async () => {
    const { code, stderr } = await get(`${url}/refused`)
    expect(code).toBe(4)
    expect(stderr).toMatch(/^Http2StreamError: stream 1: peer: REFUSED_STREAM: .*\n$/)
  })
})
