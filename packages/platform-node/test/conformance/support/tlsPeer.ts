/** Servers of ours over TLS, and clients of Node's own that dial them. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Tls from "node:tls"
import * as U from "../../utils.js"

export const host = "127.0.0.1"

const answer = () => Effect.succeed(Http2ServerResponse.text("Hello World!"))

/** Listens, with TLS unless the options say otherwise. Returns the port. */
export const listen = (options: NodeHttp2.ServeOptions = {}): Effect.Effect<number, unknown, Scope.Scope> =>
  Effect.map(
    NodeHttp2.serve(answer, { host, tls: U.certificate, gracefulShutdownTimeout: 0, ...options }),
    ({ address }) => address.port ?? 0
  )

/** A client of Node's own: the socket, or the code of what the handshake failed with. */
export const dial = (port: number, options: Tls.ConnectionOptions): Effect.Effect<Tls.TLSSocket, string, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<Tls.TLSSocket, string>((resume) => {
      const socket = Tls.connect({ port, host, ca: U.certificate.cert, ALPNProtocols: ["h2"], ...options }, () =>
        resume(Effect.succeed(socket))
      )
      socket.on("error", (error: NodeJS.ErrnoException) => resume(Effect.fail(error.code ?? error.message)))
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )
