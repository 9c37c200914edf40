/** The page behind `GET /`, and what the server prints when it starts. */

const routes: ReadonlyArray<readonly [route: string, href: string | undefined, what: string]> = [
  ["GET /hello", "/hello", "12 bytes of text"],
  ["GET /bytes/N", "/bytes/1000000", "N bytes from a Stream, N up to 10737418240; byte i is i modulo 251"],
  ["POST /echo", undefined, "the body back as it arrives, then the trailer x-echo-bytes"],
  ["POST /upload", undefined, "length and sha256 of the body, which is read as a stream"],
  ["GET /delay/MS", "/delay/1000", "an answer after MS milliseconds, up to 60000"],
  ["GET /events", "/events", "server-sent events, one a second, until you leave"],
  ["GET /headers", "/headers", "your request as JSON"],
  ["GET /fail", "/fail", "a body whose Stream fails after its first chunk: never a whole response"],
  ["GET /hang", "/hang", "never answers; leave, and the handler is interrupted"],
  ["GET /push", "/push", "pushes /hello to clients that take it, as nghttp and npm run get -- --push do"],
  ["GET /stats", "/stats", "connections, streams, handlers, resets and heap in use, as JSON"]
]

const row = ([route, href, what]: (typeof routes)[number]): string =>
  `<tr><td>${href === undefined ? route : `<a href="${href}">${route}</a>`}</td><td>${what}</td></tr>`

export const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>effect-http2 playground</title>
<link rel="icon" href="data:,">
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }
  td { padding: 0.2rem 1rem 0.2rem 0; vertical-align: top } td:first-child { font-family: ui-monospace, monospace; white-space: nowrap }
</style>
<h1>effect-http2</h1>
<p>This page came over HTTP/2 from a server written in <a href="https://effect.website">Effect</a>: frames, HPACK, streams and flow
control are its own, down to the socket.</p>
<table>
${routes.map(row).join("\n")}
</table>
</html>
`

const everyAddress = new Set(["0.0.0.0", "::"])

const url = (scheme: string, host: string, port: number | undefined): string => {
  const name = everyAddress.has(host) ? "localhost" : host.includes(":") ? `[${host}]` : host
  return `${scheme}://${name}:${port}`
}

/** What is printed once both ports of `host` listen. */
export const banner = (host: string, httpsPort: number | undefined, httpPort: number | undefined): string => {
  const https = url("https", host, httpsPort)
  const http = url("http", host, httpPort)
  return `The playground of effect-http2 listens on
  ${https}  TLS, with a certificate made a moment ago: browsers ask once, curl takes -k
  ${http}  plain, with prior knowledge

Try:
  curl -k ${https}/hello
  curl --http2-prior-knowledge ${http}/headers
  curl -kN ${https}/events
  curl -ki --data-binary @README.md ${https}/echo
  nghttp -nv ${https}/hello
  h2load --warm-up-time 5 -D 10 -c 10 -m 100 ${http}/hello
  npm run get -- -kv ${https}/hello

Ctrl-C closes it gracefully.
`
}
