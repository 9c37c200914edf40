/**
 * `Upgrade: h2c` through a proxy that denies a path: a connection that went on as HTTP/2 would be a tunnel past its rules. nginx forwards upgrades in
 * the ways that its users write down, HAProxy in its own.
 */
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Tls from "node:tls"
import { expect } from "vitest"
import { port, raw } from "../server/support/harness.js"
import { describeWithPeer } from "../support/peers.js"
import * as PeerServers from "../support/peerServers.js"
import { certificate, check } from "../utils.js"

type Start = (port: number) => Promise<PeerServers.Proxy>

const app = Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) => HttpServerResponse.text(`this is ${url}`))

/** What an attacker sends: the upgrade, and what follows it on a connection that is one of HTTP/2 then. */
const attack = (path: string) =>
  [
    `GET ${path} HTTP/1.1`,
    "Host: localhost",
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAQAAQAA",
    "\r\n"
  ].join("\r\n")

const ask = (start: Start, upgradeH2c: boolean | undefined, path: string) =>
  Effect.gen(function* () {
    yield* HttpServer.serveEffect(app)
    const upstream = yield* port
    const proxy = yield* Effect.acquireRelease(
      Effect.promise(() => start(upstream)),
      ({ stop }) => Effect.promise(stop)
    )
    const { socket, until } = yield* raw(
      Tls.connect({
        port: Number(new URL(proxy.https).port),
        host: "127.0.0.1",
        servername: "localhost",
        ca: certificate.cert
      })
    )
    socket.write(attack(path))
    return (yield* until("\r\n\r\n")).split("\r\n", 1)[0]
  }).pipe(Effect.provide(NodeHttp2Server.layerServer({ host: "127.0.0.1", ...(upgradeH2c ? { upgradeH2c } : {}) })))

const holds = (start: Start, title: string, upgradeH2c: boolean | undefined): void =>
  check(title, () =>
    Effect.gen(function* () {
      expect(yield* ask(start, upgradeH2c, "/allowed")).toBe("HTTP/1.1 200 OK")
      expect(yield* ask(start, upgradeH2c, "/denied")).toBe("HTTP/1.1 403 Forbidden")
    })
  )

const fixed: PeerServers.Forwarding = {
  lines: 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'
}

const mapped: PeerServers.Forwarding = {
  maps: 'map $http_upgrade $connection_upgrade { default upgrade; "" close; }',
  lines: "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;"
}

/** Whatever the client says. */
const verbatim: PeerServers.Forwarding = {
  lines: "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;"
}

/** What the README tells whoever turns the option on. */
const stripped: PeerServers.Forwarding = {
  maps: "map $http_upgrade $only_websocket { default ''; ~*^websocket$ websocket; }",
  lines:
    "proxy_set_header Upgrade $only_websocket; proxy_set_header Connection $http_connection; proxy_set_header HTTP2-Settings '';"
}

describeWithPeer("nginx", "Upgrade: h2c behind nginx", (program) => {
  const start =
    (forwarding: PeerServers.Forwarding): Start =>
    (upstream) =>
      PeerServers.nginxWithUpgrades(program, certificate, upstream, forwarding)
  holds(start(fixed), "opens no tunnel through the usual lines for WebSockets", undefined)
  holds(start(mapped), "opens no tunnel through those with a map", undefined)
  holds(start(verbatim), "opens no tunnel where Connection is forwarded as it is", undefined)
  holds(
    start(fixed),
    "opens no tunnel through the usual lines where the upgrade is allowed: Connection names less",
    true
  )
  holds(start(mapped), "opens no tunnel through those with a map where the upgrade is allowed", true)
  holds(start(stripped), "opens no tunnel where the upgrade is allowed and nginx strips it", true)

  check("opens one where the upgrade is allowed and all is forwarded as it is: that is the danger", () =>
    Effect.map(ask(start(verbatim), true, "/allowed"), (line) => expect(line).toBe("HTTP/1.1 101 Switching Protocols"))
  )
})

describeWithPeer("haproxy", "Upgrade: h2c behind HAProxy", (program) => {
  const start =
    (rules?: string): Start =>
    (upstream) =>
      PeerServers.haproxyWithUpgrades(program, certificate, upstream, rules)
  const strip = "http-request del-header Upgrade if { hdr(Upgrade) -i h2c }\n  http-request del-header HTTP2-Settings"
  holds(start(), "opens no tunnel", undefined)
  holds(start(strip), "opens no tunnel where the upgrade is allowed and HAProxy strips it", true)

  check("opens one where the upgrade is allowed and all is forwarded as it is: that is the danger", () =>
    Effect.map(ask(start(), true, "/allowed"), (line) => expect(line).toBe("HTTP/1.1 101 Switching Protocols"))
  )
})
