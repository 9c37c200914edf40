/**
 * The first message of each side of a TLS handshake as octets (RFC 5246 §7.4.1, RFC 8446 §4.1): what a client offered, what a server chose. Read
 * and written without a TLS library, which would not show what it does.
 */
import * as Effect from "effect/Effect"
import type * as Net from "node:net"

export const Extension = { serverName: 0, groups: 10, signatures: 13, alpn: 16, postHandshakeAuth: 49 } as const

export interface Hello {
  readonly version: number
  /** What is offered, or the one that was chosen. */
  readonly cipherSuites: ReadonlyArray<number>
  readonly compressionMethods: ReadonlyArray<number>
  readonly extensions: ReadonlyMap<number, Buffer>
}

class Octets {
  private at = 0
  constructor(private readonly octets: Buffer) {}
  get isEmpty(): boolean {
    return this.at >= this.octets.length
  }
  uint(size: number): number {
    this.at += size
    return this.octets.readUIntBE(this.at - size, size)
  }
  take(length: number): Buffer {
    this.at += length
    return this.octets.subarray(this.at - length, this.at)
  }
  /** Behind its length, a number of `size` octets. */
  vector(size: number): Buffer {
    return this.take(this.uint(size))
  }
}

/** The numbers of `size` octets that `octets` are. */
export const numbers = (octets: Buffer, size: number): ReadonlyArray<number> => {
  const from = new Octets(octets)
  const all: Array<number> = []
  while (!from.isEmpty) all.push(from.uint(size))
  return all
}

const isClientHello = 1

/** The Hello that a connection begins with; undefined where it is not whole yet. */
export const parse = (octets: Buffer): Hello | undefined => {
  if (octets.length < 9 || octets.length < 5 + octets.readUInt16BE(3)) return undefined
  const record = new Octets(octets)
  if (record.uint(1) !== 22) throw new Error(`not a handshake: ${octets.toString("hex")}`)
  record.uint(2)
  const message = new Octets(record.vector(2))
  const type = message.uint(1)
  const hello = new Octets(message.vector(3))
  const version = hello.uint(2)
  hello.take(32)
  hello.vector(1)
  const cipherSuites = type === isClientHello ? numbers(hello.vector(2), 2) : [hello.uint(2)]
  const compressionMethods = type === isClientHello ? [...hello.vector(1)] : [hello.uint(1)]
  const extensions = new Map<number, Buffer>()
  const list = new Octets(hello.isEmpty ? Buffer.alloc(0) : hello.vector(2))
  while (!list.isEmpty) extensions.set(list.uint(2), list.vector(2))
  return { version, cipherSuites, compressionMethods, extensions }
}

/** The Hello that comes on `socket`. */
export const received = (socket: Net.Socket): Effect.Effect<Hello> =>
  Effect.async((resume) => {
    let octets: Buffer = Buffer.alloc(0)
    const onData = (chunk: Buffer): void => {
      octets = Buffer.concat([octets, chunk])
      const hello = parse(octets)
      if (hello === undefined) return
      socket.off("data", onData)
      resume(Effect.succeed(hello))
    }
    socket.on("data", onData)
  })

const vector = (size: number, octets: Uint8Array): Buffer => {
  const length = Buffer.alloc(size)
  length.writeUIntBE(octets.length, 0, size)
  return Buffer.concat([length, octets])
}

const uint16 = (...values: ReadonlyArray<number>): Buffer =>
  Buffer.from(values.flatMap((value) => [value >>> 8, value & 0xff]))

/** The names of an ALPN extension. */
export const protocols = (extension: Buffer | undefined): ReadonlyArray<string> => {
  const list = new Octets(extension === undefined ? Buffer.alloc(0) : new Octets(extension).vector(2))
  const names: Array<string> = []
  while (!list.isEmpty) names.push(list.vector(1).toString("latin1"))
  return names
}

/** The host of a server_name extension. */
export const serverName = (extension: Buffer | undefined): string | undefined =>
  extension === undefined ? undefined : extension.subarray(5).toString("latin1")

/** A ClientHello of TLS 1.2, in a record. */
export const clientHello = (offer: {
  readonly cipherSuites: ReadonlyArray<number>
  readonly compressionMethods: ReadonlyArray<number>
  readonly alpn: ReadonlyArray<string>
}): Buffer => {
  const names = Buffer.concat(offer.alpn.map((name) => vector(1, Buffer.from(name, "latin1"))))
  const extension = (type: number, octets: Buffer): Buffer => Buffer.concat([uint16(type), vector(2, octets)])
  const extensions = Buffer.concat([
    extension(Extension.groups, vector(2, uint16(0x0017))),
    // ECDSA, RSA-PSS and RSA with SHA-256.
    extension(Extension.signatures, vector(2, uint16(0x0403, 0x0804, 0x0401))),
    extension(Extension.alpn, vector(2, names))
  ])
  const hello = Buffer.concat([
    uint16(0x0303),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(0)),
    vector(2, uint16(...offer.cipherSuites)),
    vector(1, Buffer.from(offer.compressionMethods)),
    vector(2, extensions)
  ])
  return Buffer.concat([Buffer.of(22), uint16(0x0301), vector(2, Buffer.concat([Buffer.of(1), vector(3, hello)]))])
}
