/**
 * What is done with every socket, whoever has it: no 'error' event of it ends the process, and who destroys it can wait until it has closed.
 */
import type * as Net from "node:net"

const ignoreError = (): void => {}

/** From now on, an 'error' event of this socket or server that nobody else hears is nothing. */
export const silence = (emitter: Net.Socket | Net.Server): void => {
  if (!emitter.listeners("error").includes(ignoreError)) emitter.on("error", ignoreError)
}

/**
 * On those whose 'close' event has come: Node's own `closed` is true before the system has given the handle back. A mark on the socket itself, since the
 * garbage collector has to look at each entry of a WeakSet of thousands that come and go.
 */
const isClosed = Symbol("isClosed")

/** One for all sockets: each has it once, whoever adopts it. */
const rememberClosed = function (this: Net.Socket): void {
  this.off("close", rememberClosed)
  Reflect.set(this, isClosed, true)
}

/** To be called as soon as a socket is at hand, before `destroySocket`. */
export const adoptSocket = (socket: Net.Socket): void => {
  silence(socket)
  if (socket.destroyed) Reflect.set(socket, isClosed, true)
  else if (!socket.listeners("close").includes(rememberClosed)) socket.on("close", rememberClosed)
}

/** Destroys a socket and calls `done` when it has closed, at once where it has. For sockets that never became a transport, too. */
export const destroySocket = (socket: Net.Socket, done: () => void): void => {
  if (Reflect.has(socket, isClosed)) return done()
  socket.once("close", () => done())
  socket.destroy()
}
