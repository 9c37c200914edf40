/**
 * Where the symbols of the published packages are declared. A mutant names its symbol and not a file, so that code can be moved. Sources are parsed,
 * not checked: that takes about a second for all of them.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"
import { type Mutant, occurrences } from "../mutant.js"

/** The text of one declaration. */
interface Declaration {
  /** From the root of the repository, with `/`. */
  readonly file: string
  readonly start: number
  readonly text: string
}

/** By name: `name` for what stands at the top of a file, `Owner.name` for a member of a class or of an interface. Several files may use one name. */
export type Symbols = ReadonlyMap<string, ReadonlyArray<Declaration>>

/** Where the text of a mutant stands. */
export interface Place {
  readonly file: string
  readonly position: number
}

const published = ["hpack", "engine", "node", "http2", "platform-node"]

const nameOf = (node: ts.Node & { readonly name?: ts.Node | undefined }): string | undefined => {
  if (ts.isConstructorDeclaration(node)) return "constructor"
  const { name } = node
  return name !== undefined && (ts.isIdentifier(name) || ts.isPrivateIdentifier(name)) ? name.text : undefined
}

/** The declarations of one file, by name. */
export const declarationsOf = (
  file: string,
  text: string
): ReadonlyArray<readonly [name: string, declaration: Declaration]> => {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const declared: Array<readonly [string, Declaration]> = []
  const add = (name: string | undefined, node: ts.Node): void => {
    if (name === undefined) return
    const start = node.getStart(source)
    declared.push([name, { file, start, text: text.slice(start, node.getEnd()) }])
  }
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement)) {
      for (const variable of statement.declarationList.declarations) add(nameOf(variable), statement)
    } else add(nameOf(statement), statement)
    if (!ts.isClassDeclaration(statement) && !ts.isInterfaceDeclaration(statement)) continue
    for (const member of statement.members) {
      const name = nameOf(member)
      if (name !== undefined) add(`${statement.name?.text ?? ""}.${name}`, member)
    }
  }
  return declared
}

const sourcesIn = (root: string, folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return sourcesIn(root, path)
    return path.endsWith(".ts") ? [path] : []
  })

/** The symbols of the packages that are published. */
export const read = (root: string): Symbols => {
  const symbols = new Map<string, Array<Declaration>>()
  for (const file of published.flatMap((name) => sourcesIn(root, `packages/${name}/src`))) {
    for (const [name, declaration] of declarationsOf(file, readFileSync(join(root, file), "utf8"))) {
      const same = symbols.get(name)
      if (same === undefined) symbols.set(name, [declaration])
      else same.push(declaration)
    }
  }
  return symbols
}

/** Where the text of `mutant` stands: in one declaration of that name alone, and once. Otherwise what is wrong. */
export const placeOf = (symbols: Symbols, mutant: Pick<Mutant, "find" | "symbol">): Place | string => {
  const declarations = symbols.get(mutant.symbol)
  if (declarations === undefined) return "no such symbol"
  const counts = declarations.map(({ text }) => occurrences(text, mutant.find))
  const count = counts.reduce((sum, each) => sum + each, 0)
  const declaration = declarations[counts.indexOf(1)]
  if (count !== 1 || declaration === undefined) return `its text is there ${count} times`
  return { file: declaration.file, position: declaration.start + declaration.text.indexOf(mutant.find) }
}
