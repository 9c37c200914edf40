/**
 * From Node's errors to `TransportError`: what failed, in which phase, at which address. Called by everything here that listens to an
 * 'error' event or guards a call that may throw.
 */
import { TransportError, type TransportReason } from "@effect-http2/engine/Http2Error"

const property = (error: unknown, name: "code" | "syscall" | "message"): string | undefined => {
  if (typeof error !== "object" || error === null || !(name in error)) return undefined
  const value: unknown = Reflect.get(error, name)
  return typeof value === "string" && value !== "" ? value : undefined
}

/** The code and the message of an error, in one line. An AggregateError (Happy Eyeballs) has a code and no message. */
const describe = (error: unknown): string => {
  const code = property(error, "code")
  const message = property(error, "message")
  if (message === undefined) return code ?? String(error)
  return code === undefined || message.includes(code) ? message : `${message} (${code})`
}

const isReset = (code: string | undefined): boolean => code === "ECONNRESET" || code === "EPIPE"

/** Of an open connection. */
export const fromSocketError = (error: unknown): TransportError =>
  new TransportError({
    reason: isReset(property(error, "code")) ? "Reset" : isWrite(error) ? "Write" : "Read",
    description: describe(error),
    cause: error
  })

const isWrite = (error: unknown): boolean => {
  const syscall = property(error, "syscall")
  return syscall === "write" || syscall === "shutdown" || property(error, "code") === "ERR_STREAM_WRITE_AFTER_END"
}

/** What to do about the commonest failures of a connection that is being made, by what is in Node's code for them. */
const advice: ReadonlyArray<readonly [code: RegExp, advice: string]> = [
  [/^ECONNREFUSED$/, "nobody listens there: is the server running, and is this its port?"],
  [/^(ENOTFOUND|EAI_AGAIN)$/, "no such host: is its name right?"],
  [
    /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/,
    "the server's certificate is not trusted: give the one that vouches for it as tls: { ca }"
  ],
  [/^CERT_HAS_EXPIRED$/, "the server's certificate has expired: the server needs a new one"],
  [/^CERT_NOT_YET_VALID$/, "the server's certificate is not valid yet: are the clocks right?"],
  [
    /ALTNAME_INVALID/,
    "the server's certificate is for other names: ask for one of them, or say it as tls: { servername }"
  ],
  [/NO_APPLICATION_PROTOCOL/, "the server does not speak HTTP/2 over TLS (ALPN h2)"],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNSUPPORTED_PROTOCOL|ALERT_HANDSHAKE_FAILURE/,
    "TLS was refused or is not spoken there: is http: meant, or another port?"
  ]
]

/** One line: what OpenSSL says has several, with places in its source. */
const explain = (error: unknown): string => {
  const code = property(error, "code")
  const found = code === undefined ? undefined : advice.find(([pattern]) => pattern.test(code))
  if (found === undefined || code === undefined)
    return describe(error)
      .replace(/\s*\n\s*/g, " ")
      .trim()
  const message = property(error, "message")
  // A message of OpenSSL is for those who know its source.
  return message === undefined || code.startsWith("ERR_SSL_") || message.includes(code)
    ? `${found[1]} (${code})`
    : `${found[1]} (${code}: ${message.replace(/\s*\n\s*/g, " ")})`
}

/** Of a connection that is being made; `connected` once TCP is through and TLS is on its way. */
export const fromConnectError = (where: string, connected: boolean, error: unknown): TransportError =>
  new TransportError({
    reason: !connected
      ? "Connect"
      : property(error, "code")?.includes("NO_APPLICATION_PROTOCOL") === true
        ? "Alpn"
        : "Tls",
    description: `${where}: ${explain(error)}`,
    cause: error
  })

/** Something that Node threw at the options it was given. */
export const invalidOptions = (where: string, error: unknown): TransportError =>
  failure("InvalidOptions", `${where}: ${describe(error)}`, error)

export const failure = (reason: TransportReason, description: string, cause?: unknown): TransportError =>
  new TransportError({ reason, description, cause })

/**
 * Why the first octets that a server sends on a plain connection are none of HTTP/2, in one line; undefined where they may be. None: it has closed the
 * connection before it said anything.
 */
export const notHttp2 = (where: string, first: Uint8Array | undefined): TransportError | undefined => {
  if (first === undefined) {
    return failure(
      "Closed",
      `${where}: closed before the server said anything: does it speak HTTP/2 without TLS there, or is https: meant?`
    )
  }
  // An alert of TLS (RFC 8446 §5.1); a frame would have 1,376,000 octets or more (RFC 9113 §4.1).
  if (first[0] === 0x15 && first[1] === 3) {
    return failure("Connect", `${where}: TLS is spoken there: is https: meant?`)
  }
  return Buffer.from(first.buffer, first.byteOffset, Math.min(first.length, 7)).toString("latin1") === "HTTP/1."
    ? failure("Connect", `${where}: HTTP/1.x is spoken there, and not HTTP/2 with prior knowledge`)
    : undefined
}
