/** The page of the sample application. Its script uses every part from a browser, and writes what came of it into the table. */

const script = `
const row = (name, value, failed = false) => {
  const tr = document.querySelector("tbody").insertRow()
  tr.id = name
  tr.className = failed ? "failed" : "ok"
  tr.insertCell().textContent = name
  tr.insertCell().textContent = typeof value === "string" ? value : JSON.stringify(value)
}

const answer = async (response) => ({ status: response.status, body: await response.json() })
const post = (path, type, body) => fetch(path, { method: "POST", headers: { "content-type": type }, body })

/** The lines of a body, each as it arrives. */
async function* lines(response) {
  let rest = ""
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const parts = (rest + value).split("\\n")
    rest = parts.pop()
    yield* parts.filter((line) => line !== "")
  }
}

const collect = async (iterable) => {
  const all = []
  for await (const each of iterable) all.push(each)
  return all
}

const rpc = async (tag, payload) => {
  const request = { _tag: "Request", id: "1", tag, payload, headers: [] }
  const messages = await collect(lines(await post("/rpc", "application/ndjson", JSON.stringify(request) + "\\n")))
  return messages.map((line) => JSON.parse(line))
}

let note
const parts = {
  protocol: () => performance.getEntriesByType("navigation")[0].nextHopProtocol,
  create: async () => {
    note = await answer(await post("/api/notes", "application/json", JSON.stringify({ text: "from the page" })))
    return note
  },
  find: async () => answer(await fetch("/api/notes/" + note.body.id + "?upper=true")),
  missing: async () => answer(await fetch("/api/notes/0")),
  ticks: async () => collect(lines(await fetch("/ticks/5"))),
  webSocket: () => new Promise((resolve, reject) => {
    const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/echo")
    const messages = []
    socket.onerror = () => reject(new Error("the WebSocket failed"))
    socket.onopen = () => ["one", "two"].forEach((message) => socket.send(message))
    socket.onmessage = ({ data }) => {
      if (messages.push(data) === 2) socket.close(1000)
    }
    socket.onclose = ({ code }) => resolve({ code, messages })
  }),
  greet: async () => (await rpc("Greet", { name: "page" }))[0].exit,
  count: async () => (await rpc("Count", { to: 5 })).flatMap(({ values = [] }) => values),
  protocols: () => [...new Set(performance.getEntriesByType("resource").map((entry) => entry.nextHopProtocol))]
}

globalThis.finished = (async () => {
  for (const [name, part] of Object.entries(parts)) {
    try {
      row(name, await part())
    } catch (error) {
      row(name, String(error), true)
    }
  }
  document.querySelector("#status").textContent = "finished"
})()
`

export const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>effect-http2 sample application</title>
<link rel="icon" href="data:,">
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  td { padding: 0.2rem 1rem 0.2rem 0; vertical-align: top; font-family: ui-monospace, monospace }
  .failed { color: #b00 }
</style>
<h1>One application, either layer</h1>
<p>An HttpApi, a stream, a WebSocket and Rpc, used by this page: <b id="status">running</b>.</p>
<table><tbody></tbody></table>
<script type="module">${script}</script>
</html>
`
