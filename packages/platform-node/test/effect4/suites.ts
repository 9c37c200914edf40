/** The suites over sockets that are run on both skins: those whose subject is what goes over the wire. */
export const socketSuitesOnEffect4: ReadonlyArray<string> = ["test/conformance/*.test.ts"]

/** Tests of these suites that are not for it, by the reason. */
export const notOnEffect4: Readonly<Record<string, ReadonlyArray<string>>> = {
  "its handlers have to act in the turn of their request": [
    "a promise has a whole request, on the stream of the one that it goes with, before what refers to it",
    "anything, from the moment at which a client says so; what was promised before goes on"
  ],
  "its application is one of the HttpServer of Effect 3": [
    "the server of the platform too, and the client of Node understands it",
    "a WebSocket of the application; nobody is dialled for :authority",
    "another protocol, and CONNECT without one, are no WebSocket",
    ":protocol without :scheme is malformed",
    ":protocol without :path is malformed"
  ]
}
