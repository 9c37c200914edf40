/** `npm start` and `npm run app`: the program of that name for Effect 3, or with `--effect4` that for Effect 4, which is compiled where Effect 4 is installed. */
const [name = "", ...options] = process.argv.slice(2)

const folders = new Map([
  ["", "./"],
  ["--effect4", "../../packages/effect4-platform-node/playground/dist/"]
])

const folder = folders.get(options.join(" "))
if (folder === undefined) {
  process.stderr.write(`UsageError: ${options.join(" ")}: the one option is --effect4\n`)
  process.exitCode = 2
} else {
  await import(new URL(`${folder}${name}.js`, import.meta.url).href)
}
