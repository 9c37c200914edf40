/** Text as Markdown: what the documents are put together from. */

/** Characters that could mean something inside a line or a cell of a table; an underscore within a word does not. */
const special = /[\\`*[\]<|~&]|(?<!\w)_|_(?!\w)/g

// eslint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u001f\u007f-\u009f]/g

/** Text that is shown as it is. */
export const escape = (text: string): string =>
  text
    .replace(unprintable, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`)
    .replace(special, (character) => (character === "<" ? "&lt;" : character === "&" ? "&amp;" : `\\${character}`))

/** A table; cells are Markdown. */
export const table = (headings: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [headings, headings.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

/** A document of paragraphs, tables and the like. */
export const document = (blocks: ReadonlyArray<string>): string => `${blocks.join("\n\n")}\n`
