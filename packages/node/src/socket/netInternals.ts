/**
 * What this package knows of `node:net` beyond its documentation: that a socket which is open already can be read as `onread` of `net.connect` has it. Checked
 * when this module loads, with the plain way behind it; test/socket/netInternals.test.ts fails where it does not hold. Called by socketReader.ts.
 */
import * as Net from "node:net"

/** Where a socket keeps what the option `onread` says. */
export interface ReadKeys {
  readonly buffer: symbol
  readonly callback: symbol
}

/** Undefined where it keeps that in another way. */
export const readKeys: ReadKeys | undefined = ((): ReadKeys | undefined => {
  const onread = { buffer: new Uint8Array(1), callback: (): boolean => true }
  const options: Net.SocketConstructorOpts & Net.ConnectOpts = { onread }
  const socket = new Net.Socket(options)
  const plain = new Net.Socket()
  const keyOf = (value: unknown): symbol | undefined =>
    Object.getOwnPropertySymbols(socket).find(
      (key) => Reflect.get(socket, key) === value && Reflect.get(plain, key) === null
    )
  const buffer = keyOf(onread.buffer)
  const callback = keyOf(onread.callback)
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback }
})()

/** The handle of an open socket, as `onread` uses it. */
interface Handle {
  useUserBuffer(buffer: Uint8Array): void
}

const isHandle = (handle: unknown): handle is Handle =>
  typeof handle === "object" &&
  handle !== null &&
  "useUserBuffer" in handle &&
  typeof handle.useUserBuffer === "function"

/**
 * From now on `socket` is read into `buffer`, and `onRead` is told how many octets there are, in place of a 'data' event: they are good until it returns true.
 * Pausing, resuming and the end are as ever. False where that cannot be, and the events come; `isKnown` is for tests of that.
 */
export const readInto = (
  socket: Net.Socket,
  buffer: Uint8Array,
  onRead: (octets: number) => true,
  isKnown = true
): boolean => {
  const handle: unknown = Reflect.get(socket, "_handle")
  if (!isKnown || readKeys === undefined || !isHandle(handle)) return false
  Reflect.set(socket, readKeys.buffer, buffer)
  Reflect.set(socket, readKeys.callback, onRead)
  handle.useUserBuffer(buffer)
  return true
}
