/**
 * From Node's errors to `TransportError`: what failed, in which phase, at which address. Called by everything here that listens to an
 * 'error' event or guards a call that may throw.
 */
import { TransportError, type TransportReason } from "@effect-http2/http2/Http2Error"

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
    transportReason: isReset(property(error, "code")) ? "Reset" : isWrite(error) ? "Write" : "Read",
    description: describe(error),
    cause: error
  })

const isWrite = (error: unknown): boolean => {
  const syscall = property(error, "syscall")
  return syscall === "write" || syscall === "shutdown" || property(error, "code") === "ERR_STREAM_WRITE_AFTER_END"
}

/** Of a connection that is being made; `connected` once TCP is through and TLS is on its way. */
export const fromConnectError = (where: string, connected: boolean, error: unknown): TransportError =>
  new TransportError({
    transportReason: !connected
      ? "Connect"
      : property(error, "code")?.includes("NO_APPLICATION_PROTOCOL") === true
        ? "Alpn"
        : "Tls",
    description: `${where}: ${describe(error)}`,
    cause: error
  })

/** Something that Node threw at the options it was given. */
export const invalidOptions = (where: string, error: unknown): TransportError =>
  failure("InvalidOptions", `${where}: ${describe(error)}`, error)

export const failure = (transportReason: TransportReason, description: string, cause?: unknown): TransportError =>
  new TransportError({ transportReason, description, cause })
