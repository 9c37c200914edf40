/** The handshake of TLS as HTTP/2 wants it: what our client offers, what our server takes and chooses. */
import type { TransportError } from "@effect-http2/http2/Http2Error"
import * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
import * as NodeListener from "@effect-http2/platform-node/NodeListener"
import * as NodeTransport from "@effect-http2/platform-node/NodeTransport"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { constants, getDiffieHellman } from "node:crypto"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { describe, expect, it } from "vitest"
import * as TlsPolicy from "@effect-http2/node/socket/tlsPolicy"
import * as U from "../utils.js"
import { prohibited } from "./support/prohibitedSuites.js"
import * as RawPeer from "@effect-http2/testkit/rawPeer"
import { dial, host, listen } from "./support/tlsPeer.js"
import * as Hello from "./support/tlsHello.js"

const ca = U.certificate.cert

/** Says that a client knows of secure renegotiation; it stands in the list of suites, and nobody can choose it. */
const signal = "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"

/** The numbers that IANA gave to the suites that we know, and to a curve. */
const suites: Readonly<Record<number, string>> = {
  0x1301: "TLS_AES_128_GCM_SHA256",
  0x1302: "TLS_AES_256_GCM_SHA384",
  0x1303: "TLS_CHACHA20_POLY1305_SHA256",
  0xc02b: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  0xc02f: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  0xc02c: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  0xc030: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  0xcca9: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
  0xcca8: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
  0x009e: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
  0x009f: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
  0xccaa: "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
  0x00ff: signal
}
const ecdheRsaAes128Gcm = 0xc02f
const p256 = 0x0017

/** The Hello of what `connect` does with a port. */
const helloOf = (connect: (port: number) => Effect.Effect<unknown, unknown>): Effect.Effect<Hello.Hello> =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* U.serve(Net.createServer())
      const accepted = yield* Effect.fork(U.nextSocket(server))
      yield* Effect.yieldNow()
      const connecting = yield* Effect.fork(connect(server.port))
      const hello = yield* Hello.received(yield* Fiber.join(accepted))
      yield* Fiber.interrupt(connecting)
      return hello
    })
  )

const transport = (name: string) => (port: number) =>
  Effect.scoped(NodeTransport.connect({ host: name, port, tls: { ca } }))

describe("3.2, 9.2 what our client offers", () => {
  U.check("h2 by ALPN, and nothing else [rfc9113-3.3-1] [rfc9113-3.2-1]", () =>
    Effect.gen(function* () {
      const { extensions } = yield* helloOf(transport(host))
      expect(Hello.protocols(extensions.get(Hello.Extension.alpn))).toEqual(["h2"])
      const client = yield* NodeHttp2Client.make({ tls: { ca }, priorKnowledge: true })
      const pooled = yield* helloOf((port) => client.get(`https://localhost:${port}`))
      expect(Hello.protocols(pooled.extensions.get(Hello.Extension.alpn))).toEqual(["h2", "http/1.1"])
    })
  )

  U.check("h2c is no protocol of TLS: an option that cannot be, in either role [rfc9113-3.2-1]", () =>
    Effect.gen(function* () {
      const alpnProtocols = ["h2", "h2c"]
      const client = Effect.scoped(NodeTransport.connect({ host, port: 1, tls: true, alpnProtocols }))
      expect(yield* Effect.flip(client)).toMatchObject({ reason: "InvalidOptions" })
      const server = NodeListener.make({ host, tls: U.certificate, alpnProtocols }, () => Effect.void)
      expect(yield* Effect.flip(server)).toMatchObject({ reason: "InvalidOptions" })
    })
  )

  U.check("the name of a server that has one [rfc9113-9.2-3] [rfc9113-9.2-4]", () =>
    Effect.gen(function* () {
      const named = yield* helloOf(transport("localhost"))
      expect(Hello.serverName(named.extensions.get(Hello.Extension.serverName))).toBe("localhost")
      const numbered = yield* helloOf(transport(host))
      expect(numbered.extensions.has(Hello.Extension.serverName)).toBe(false)
      const client = yield* NodeHttp2Client.make({ tls: { ca } })
      const pooled = yield* helloOf((port) => client.get(`https://localhost:${port}`))
      expect(Hello.serverName(pooled.extensions.get(Hello.Extension.serverName))).toBe("localhost")
    })
  )

  U.check(
    "no compression, no prohibited suite, the one that all have to support with P-256 [rfc9113-9.2.1-1] [rfc9113-10.6-3] [rfc9113-9.2-2] [rfc9113-9.2.2-1] [rfc9113-9.2.2-3]",
    () =>
      Effect.gen(function* () {
        const { cipherSuites, compressionMethods, extensions } = yield* helloOf(transport(host))
        expect(compressionMethods).toEqual([0])
        expect(TlsPolicy.SECURE_OPTIONS & constants.SSL_OP_NO_COMPRESSION).not.toBe(0)
        expect(cipherSuites).toContain(ecdheRsaAes128Gcm)
        const groups = extensions.get(Hello.Extension.groups) ?? expect.unreachable()
        expect(Hello.numbers(groups.subarray(2), 2)).toContain(p256)
        const names = cipherSuites.map((id) => suites[id] ?? `0x${id.toString(16)}`)
        expect(names.filter((name) => name.startsWith("0x"))).toEqual([])
        expect(names.filter((name) => prohibited.includes(name) && name !== signal)).toEqual([])
      })
  )

  U.check("no authentication behind the handshake: TLS 1.3 refuses it then by itself [rfc9113-9.2.3-2]", () =>
    Effect.gen(function* () {
      const { extensions } = yield* helloOf(transport(host))
      expect(extensions.has(Hello.Extension.postHandshakeAuth)).toBe(false)
    })
  )
})

/** Handshakes as a client of TLS 1.2, and what came of it: the suite, or the error of the handshake. */
const suiteOf = (port: number, options: Tls.ConnectionOptions): Effect.Effect<string> =>
  dial(port, { maxVersion: "TLSv1.2", ...options }).pipe(
    Effect.map((socket) => socket.getCipher().standardName),
    Effect.catchAll((code) => Effect.succeed(code)),
    Effect.scoped
  )

describe("3.2, 9.2 what our server takes", () => {
  U.check("h2 where it is offered, and not h2c [rfc9113-3.3-1] [rfc9113-3.2-1]", () =>
    Effect.gen(function* () {
      const port = yield* listen()
      expect((yield* dial(port, { ALPNProtocols: ["h2c", "h2"] })).alpnProtocol).toBe("h2")
      expect(yield* Effect.flip(dial(port, { ALPNProtocols: ["h2c"] }))).toContain("NO_APPLICATION_PROTOCOL")
    })
  )

  U.check("a client that does not speak ALPN gets no HTTP/2 [rfc9113-3.3-1]", () =>
    Effect.gen(function* () {
      const socket = yield* dial(yield* listen(), { ALPNProtocols: [] })
      const parts = yield* Effect.promise(() => socket.toArray())
      // HTTP/1.1 to the last octet, in words for who connects.
      const [head, content] = parts.join("").split("\r\n\r\n")
      expect(head).toMatch(/^HTTP\/1\.1 505 /)
      expect(content).toMatch(/^[\x20-\x7e]+\n$/)
    })
  )

  U.check("TLS 1.2 and later [rfc9113-9.2-1]", () =>
    Effect.gen(function* () {
      const port = yield* listen()
      const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" } as const
      expect(yield* Effect.flip(dial(port, old))).toMatch(/PROTOCOL_VERSION/)
      for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
        expect((yield* dial(port, { minVersion: version, maxVersion: version })).getProtocol()).toBe(version)
      }
    })
  )

  U.check("no compression [rfc9113-9.2.1-1] [rfc9113-10.6-3]", () =>
    Effect.gen(function* () {
      const peer = yield* RawPeer.connectSocket(yield* listen())
      const deflate = 1
      peer.write(
        Hello.clientHello({ cipherSuites: [ecdheRsaAes128Gcm], compressionMethods: [deflate, 0], alpn: ["h2"] })
      )
      const { cipherSuites, compressionMethods } = yield* Hello.received(peer)
      expect([cipherSuites, compressionMethods]).toEqual([[ecdheRsaAes128Gcm], [0]])
      expect(TlsPolicy.SERVER_SECURE_OPTIONS & constants.SSL_OP_NO_COMPRESSION).not.toBe(0)
    })
  )

  U.check(
    "every suite that is not prohibited, the one that all have to support with P-256 [rfc9113-9.2.2-2] [rfc9113-9.2.2-3]",
    () =>
      Effect.gen(function* () {
        const port = yield* listen({ tls: { ...U.certificate, dhparam: "auto" } })
        const rsa = ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"]
        const dhe = ["DHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES256-GCM-SHA384", "DHE-RSA-CHACHA20-POLY1305"]
        for (const ciphers of [...rsa, ...dhe]) {
          expect(yield* suiteOf(port, { ciphers, ecdhCurve: "P-256" }), ciphers).toMatch(/^TLS_(EC)?DHE_RSA_/)
        }
      })
  )

  U.check("no prohibited one [rfc9113-9.2.2-1]", () =>
    Effect.gen(function* () {
      const port = yield* listen({ tls: { ...U.certificate, dhparam: "auto" } })
      const ciphers = "AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256:DHE-RSA-AES128-SHA:AES256-SHA"
      expect(yield* suiteOf(port, { ciphers })).toMatch(/HANDSHAKE_FAILURE/)
    })
  )

  it("the judgement on suites is that of Appendix A [rfc9113-9.2.2-1] [rfc9113-9.2.2-2]", () => {
    expect(prohibited.length).toBe(276)
    expect(prohibited.filter((name) => TlsPolicy.isAllowedCipher("TLSv1.2", name))).toEqual([])
    const others = Object.values(suites).filter((name) => name !== signal && name.includes("_WITH_"))
    const more = ["ECDHE_ECDSA_WITH_AES_128_CCM", "ECDHE_ECDSA_WITH_AES_256_CCM_8", "DHE_RSA_WITH_AES_128_CCM"]
    const rare = ["ECDHE_PSK_WITH_AES_128_GCM_SHA256", "DHE_RSA_WITH_ARIA_256_GCM_SHA384"]
    for (const name of [...others, ...[...more, ...rare].map((name) => `TLS_${name}`)]) {
      expect(TlsPolicy.isAllowedCipher("TLSv1.2", name), name).toBe(true)
    }
  })
})

/** The parameters of a group of RFC 3526 as PKCS #3, in PEM. */
const dhParameters = (group: string): string => {
  const der = (type: number, octets: Buffer): Buffer => {
    const { length } = octets
    return Buffer.concat([Buffer.of(type, 0x82, length >>> 8, length & 0xff), octets])
  }
  const dh = getDiffieHellman(group)
  const positive = (octets: Buffer): Buffer => Buffer.concat([Buffer.of(0), octets])
  const sequence = der(0x30, Buffer.concat([dh.getPrime(), dh.getGenerator()].map((n) => der(0x02, positive(n)))))
  return `-----BEGIN DH PARAMETERS-----\n${sequence.toString("base64")}\n-----END DH PARAMETERS-----\n`
}

describe("9.2.1 ephemeral keys", () => {
  const dhe = "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"
  const connect = (group: string): Effect.Effect<unknown, TransportError | string, Scope.Scope> =>
    Effect.gen(function* () {
      const options = { ...U.certificate, ciphers: dhe, dhparam: dhParameters(group), maxVersion: "TLSv1.2" } as const
      const server = yield* U.serve(Tls.createServer({ ...options, ALPNProtocols: ["h2"] }))
      const { peer } = yield* NodeTransport.connect({ host, port: server.port, tls: { ca } })
      return peer.tls?.cipher
    })

  U.check("our client takes DHE of 2048 up to 4096 bits [rfc9113-9.2.1-6] [rfc9113-9.2.1-7]", () =>
    Effect.gen(function* () {
      for (const group of ["modp14", "modp15", "modp16"])
        expect(yield* connect(group), group).toBe("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256")
      expect(yield* Effect.flip(connect("modp2"))).toMatchObject({ reason: "Tls" })
    })
  )

  U.check("our server has DHE of 2048 bits, and ECDHE of 224 and more [rfc9113-9.2.1-6]", () =>
    Effect.gen(function* () {
      const port = yield* listen({ tls: { ...U.certificate, dhparam: "auto" } })
      const socket = yield* dial(port, { maxVersion: "TLSv1.2", ciphers: "DHE-RSA-AES128-GCM-SHA256", minDHSize: 2048 })
      expect(socket.getEphemeralKeyInfo()).toMatchObject({ type: "DH" })
      for (const ecdhCurve of ["P-256", "P-384", "X25519"]) {
        const info = (yield* dial(port, { maxVersion: "TLSv1.2", ecdhCurve })).getEphemeralKeyInfo()
        expect(info, ecdhCurve).toMatchObject({ type: "ECDH" })
      }
    })
  )
})
