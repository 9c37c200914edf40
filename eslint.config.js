import eslint from "@eslint/js"
import { defineConfig } from "eslint/config"
import tseslint from "typescript-eslint"

const effectBarrel = {
  regex: "^(effect|@effect/platform|@effect/platform-node)$",
  message: 'Import the module: import * as Effect from "effect/Effect".'
}
const nodeHttp2 = {
  regex: "^(node:)?http2$",
  message: "node:http2 is a peer for tests and benchmarks."
}
const node = {
  regex: "^node:",
  message: "hpack, engine and both http2 run on any transport: no node: here."
}

const capturedRuntime = {
  object: "Effect",
  property: "runtime",
  message: "Its flags are those of who captures it, which may be uninterruptible: InterruptibleRuntime.capture()."
}

const restrictImports = (...patterns) => ({ "@typescript-eslint/no-restricted-imports": ["error", { patterns }] })

export default defineConfig(
  { ignores: ["**/dist/", "coverage/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  eslint.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      ...restrictImports(effectBarrel),
      eqeqeq: "error",
      "no-console": "error",
      "prefer-template": "error",
      "@typescript-eslint/array-type": ["error", { default: "generic" }],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      // Effect.gen takes generators that may not yield, and methods of Effect's modules are plain functions.
      "require-yield": "off",
      "@typescript-eslint/unbound-method": "off",
      // Error channels carry what users fail with; a finalizer passes it on as it is.
      "@typescript-eslint/only-throw-error": "error"
    }
  },
  {
    files: ["packages/*/src/**/*.ts"],
    rules: { ...restrictImports(effectBarrel, nodeHttp2), "no-restricted-properties": ["error", capturedRuntime] }
  },
  {
    files: ["packages/{hpack,engine,http2,effect4-http2}/src/**/*.ts"],
    rules: restrictImports(effectBarrel, nodeHttp2, node)
  },
  {
    files: ["packages/benchmark/src/**/*.ts", "packages/conformance/src/**/*.ts", "packages/fuzz/src/**/*.ts"],
    rules: { ...restrictImports(effectBarrel), "no-console": "off" }
  },
  {
    files: ["**/test/**/*.ts", "vitest.workspace.ts"],
    rules: {
      "no-console": "off",
      "@typescript-eslint/explicit-module-boundary-types": "off",
      // Matchers as expect.any() are of type any.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unused-expressions": "off"
    }
  },
  {
    // Tools' own configuration: in no TypeScript project.
    files: ["*.ts"],
    extends: [tseslint.configs.disableTypeChecked]
  },
  {
    files: ["**/*.js", "**/*.cjs", "**/*.mjs"],
    languageOptions: { globals: { console: "readonly", module: "writable", process: "readonly", URL: "readonly" } }
  }
)
