/**
 * What this package knows of the platform of Effect beyond its published interface. Each fact is checked when its user loads. Where one does not hold, it
 * is undefined, and its user takes the plain way, by the platform's own functions; test/internals.test.ts fails.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import { globalValue } from "effect/GlobalValue"
import * as Scope from "effect/Scope"

/** The controllers of requests, by request. */
export type ScopedRequests = WeakMap<HttpClientRequest.HttpClientRequest, AbortController>

const scopedRegister = globalValue("@effect/platform/HttpClient/scopedRequests", (): ScopedRequests => new WeakMap())

const isScopedRegister = (): boolean => {
  let isFound = false
  const client = HttpClient.makeWith<never, never, never, never>(
    (effect) =>
      Effect.flatMap(effect, (request) => {
        isFound = scopedRegister.get(request) instanceof AbortController
        return Effect.interrupt
      }),
    Effect.succeed
  )
  Effect.runSyncExit(Effect.scoped(HttpClient.withScope(client).execute(HttpClientRequest.get("http://localhost/"))))
  return isFound
}

/**
 * The register that `HttpClient.withScope` writes to, and that `HttpClient.make` reads: the controller that aborts a request at the end of its scope.
 * Without it, the client is made by `HttpClient.make`.
 */
export const scopedRequests: ScopedRequests | undefined = isScopedRegister() ? scopedRegister : undefined

const ejectedRegister = globalValue("@effect/platform/HttpApp/ejectedScopes", () => new WeakSet<Scope.Scope>())

/**
 * The register that `eject`, `HttpApp.ejectDefaultScopeClose`, writes to, and that `HttpApp.toHandled` reads: the scopes of requests that somebody else
 * closes. Undefined where it does not; then applications are run by `HttpApp.toHandled`. The function is given, since clients do not load it.
 */
export const ejectedScopesOf = (eject: (scope: Scope.Scope) => void): WeakSet<Scope.Scope> | undefined => {
  const scope = Effect.runSync(Scope.make())
  eject(scope)
  return ejectedRegister.has(scope) ? ejectedRegister : undefined
}
