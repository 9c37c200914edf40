import { once } from "node:events"
import * as Net from "node:net"
import { describe, expect, it } from "vitest"
import { connect, request } from "./support/http2Peer.js"
import { npmStart, playground, run, versions } from "./support/programs.js"

describe.each(versions)("the playground on Effect %i", (version) => {
  it.each(["SIGTERM", "SIGINT"] as const)("finishes what it has begun on %s, and exits with 0", async (signal) => {
    const server = await playground({ version })
    const sessions = await Promise.all([connect(server.http), connect(server.https)])
    const begun = sessions.map((session) => request(session, "GET", "/delay/700"))
    // A request is known to have arrived when a later one is answered.
    await Promise.all(sessions.map((session) => request(session, "GET", "/hello")))
    const before = performance.now()
    server.process.kill(signal)
    for (const { body, status } of await Promise.all(begun)) {
      expect(status).toBe(200)
      expect(body.toString()).toBe("700 ms later.\n")
    }
    expect(await server.finished).toMatchObject({ code: 0, stderr: "" })
    expect(performance.now() - before).toBeLessThan(5000)
  })

  it("waits no longer than its deadline for those that never finish, on both ports at once", async () => {
    const server = await playground({ version })
    const sessions = await Promise.all([connect(server.http), connect(server.https)])
    const hanging = sessions.map((session) => request(session, "GET", "/hang"))
    await Promise.all(sessions.map((session) => request(session, "GET", "/hello")))
    const before = performance.now()
    expect(await server.stop()).toMatchObject({ code: 0 })
    expect(performance.now() - before).toBeLessThan(13_000)
    for (const { status } of await Promise.all(hanging)) expect(status).toBeUndefined()
  })

  it("ends server-sent events, which have no end of their own", async () => {
    const server = await playground({ version })
    const session = await connect(server.http)
    const events = request(session, "GET", "/events")
    await request(session, "GET", "/hello")
    const before = performance.now()
    expect(await server.stop()).toMatchObject({ code: 0 })
    expect(performance.now() - before).toBeLessThan(3000)
    expect(await events).toMatchObject({ status: 200, rstCode: 0 })
  })

  it("exits at once where no connection is open", async () => {
    const server = await playground({ version })
    const before = performance.now()
    expect(await server.stop()).toMatchObject({ code: 0, stderr: "" })
    expect(performance.now() - before).toBeLessThan(1000)
  })

  it("npm start [-- --effect4] passes the signal on", async () => {
    const server = await npmStart(version)
    const session = await connect(server.http)
    expect(await request(session, "GET", "/hello")).toMatchObject({ status: 200 })
    expect(await server.stop()).toMatchObject({ code: 0 })
  }, 60_000)

  it("says in one line that a port is taken", async () => {
    const other = Net.createServer().listen(0, "localhost")
    await once(other, "listening")
    const { port } = other.address() as Net.AddressInfo
    const { code, stderr } = await run("server", [], { HTTP_PORT: String(port), HTTPS_PORT: "0" }, version)
    other.close()
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Http2TransportError: transport: Listen: .*EADDRINUSE.*\n$/)
  })

  it("says what is wrong with a port", async () => {
    const { code, stderr } = await run("server", [], { HTTP_PORT: "70000", HTTPS_PORT: "0" }, version)
    expect(code).toBe(1)
    expect(stderr).toContain("a port from 0 to 65535")
  })
})
