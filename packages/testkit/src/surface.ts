/**
 * The public surface of a package, as the compiler sees it: what each module exports, how that is called, and what types have. For tests that hold two
 * packages beside each other.
 */
import { existsSync, readdirSync } from "node:fs"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import * as ts from "typescript"

const packages = fileURLToPath(new URL("../../", import.meta.url))

/** What is there twice, with whoever it differs for. */
export interface Difference {
  /** A name of the surface, or the beginning of some, up to a dot. */
  readonly name: string
  readonly reason: string
}

/**
 * What the public modules of a package export: `Module`, `Module.name`, `Module.name(first, second)` for each form of a function, and `Module.name.member`
 * for what an exported type has of its own, or of another package of this repository. What a name has for unsafe stands at its end, as Effect 4 has it.
 */
export const surfaceOf = (name: string): ReadonlySet<string> => {
  const src = join(packages, name, "src")
  const modules = readdirSync(src).flatMap((file) =>
    file.endsWith(".ts") && file !== "index.ts" ? [file.slice(0, -".ts".length)] : []
  )
  const program = ts.createProgram({
    rootNames: modules.map((module) => join(src, `${module}.ts`)),
    options,
    host: { ...ts.createCompilerHost(options), resolveModuleNameLiterals: ownModules }
  })
  const checker = program.getTypeChecker()
  const surface = new Set<string>()
  for (const module of modules) {
    const file = program.getSourceFile(join(src, `${module}.ts`))
    const symbol = file && checker.getSymbolAtLocation(file)
    if (symbol === undefined) continue
    surface.add(module)
    for (const exported of checker.getExportsOfModule(symbol)) {
      for (const part of partsOf(checker, exported)) surface.add(`${module}.${unsafeBehind(part)}`)
    }
  }
  return surface
}

/** What `mine` lacks of `theirs`, and the reverse, but for what `differences` names; and those that name nothing. */
export const compareSurfaces = (
  theirs: ReadonlySet<string>,
  mine: ReadonlySet<string>,
  differences: ReadonlyArray<Difference>
): { readonly missing: ReadonlyArray<string>; readonly added: ReadonlyArray<string>; readonly idle: Array<string> } => {
  const isOf = (name: string, prefix: string): boolean =>
    name === prefix || name.startsWith(`${prefix}.`) || name.startsWith(`${prefix}(`)
  const isListed = (name: string): boolean => differences.some((difference) => isOf(name, difference.name))
  const missing = [...theirs].filter((name) => !mine.has(name))
  const added = [...mine].filter((name) => !theirs.has(name))
  return {
    missing: missing.filter((name) => !isListed(name)),
    added: added.filter((name) => !isListed(name)),
    idle: differences.flatMap(({ name }) => ([...missing, ...added].some((one) => isOf(one, name)) ? [] : [name]))
  }
}

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts"],
  types: [],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  strict: true,
  noEmit: true
}

/** Modules of this repository alone: what Effect and Node have is theirs, and would cost seconds. */
const ownModules = (
  literals: ReadonlyArray<ts.StringLiteralLike>,
  from: string
): ReadonlyArray<ts.ResolvedModuleWithFailedLookupLocations> =>
  literals.map(({ text }) => {
    const [, owner, path] = /^@effect-http2\/([^/]+)\/(.+)$/.exec(text) ?? []
    const source =
      owner !== undefined
        ? join(packages, owner, "src", `${path}.ts`)
        : text.startsWith(".")
          ? resolve(from, "..", text.replace(/\.js$/, ".ts"))
          : undefined
    return {
      resolvedModule:
        source !== undefined && existsSync(source)
          ? { resolvedFileName: source, extension: ts.Extension.Ts, isExternalLibraryImport: false }
          : undefined
    }
  })

/** `unsafeRespond` as `respondUnsafe`. */
const unsafeBehind = (name: string): string =>
  name.replace(/\bunsafe([A-Z])(\w*)/g, (_, first: string, rest: string) => `${first.toLowerCase()}${rest}Unsafe`)

/** Names of symbols are the compiler's own, and those of type ids are for guards. */
const isPublic = (symbol: ts.Symbol): boolean =>
  !symbol.name.startsWith("__") &&
  !symbol.name.startsWith("~") &&
  !symbol.getJsDocTags().some(({ name }) => name === "internal") &&
  symbol.declarations?.some(
    (declaration) =>
      (ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0
  ) !== true

const isOwn = (symbol: ts.Symbol): boolean =>
  symbol.declarations?.some((declaration) => declaration.getSourceFile().fileName.startsWith(packages)) === true

const hasMembers = ts.SymbolFlags.Class | ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias

const partsOf = (checker: ts.TypeChecker, exported: ts.Symbol): ReadonlyArray<string> => {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
  if (!isPublic(symbol)) return []
  const parts = [exported.name]
  if (symbol.flags & ts.SymbolFlags.Value && (symbol.flags & ts.SymbolFlags.Class) === 0) {
    for (const signature of checker.getTypeOfSymbol(symbol).getCallSignatures()) {
      parts.push(
        `${exported.name}(${signature
          .getParameters()
          .map(({ name }) => name)
          .join(", ")})`
      )
    }
  }
  if (symbol.flags & hasMembers) {
    for (const member of checker.getDeclaredTypeOfSymbol(symbol).getApparentProperties()) {
      if (isPublic(member) && isOwn(member)) parts.push(`${exported.name}.${member.name}`)
    }
  }
  return parts
}
