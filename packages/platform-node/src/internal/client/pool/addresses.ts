/**
 * The addresses that a host has, as a new connection would look them up. Called by reusableConnections.ts.
 */
import * as Effect from "effect/Effect"
import type * as Duration from "effect/Duration"
import * as Dns from "node:dns"
import * as Net from "node:net"

/** An address of IPv4 is written as one, also where a socket of IPv6 has it. */
export const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "")

const toAddresses = (found: string | ReadonlyArray<Dns.LookupAddress> | undefined): ReadonlyArray<string> =>
  typeof found === "string" ? [found] : (found ?? []).map(({ address }) => address)

/** None where there are none, or none in time: the dial that follows says why. */
export const addressesOf = (
  host: string,
  lookup: Net.LookupFunction | undefined,
  timeout: Duration.DurationInput
): Effect.Effect<ReadonlyArray<string>> => {
  if (Net.isIP(host) !== 0) return Effect.succeed([host])
  const found = Effect.async<ReadonlyArray<string>>((resume) => {
    const done: Parameters<Net.LookupFunction>[2] = (error, address) =>
      resume(Effect.succeed(error === null ? toAddresses(address).map(plain) : []))
    try {
      if (lookup === undefined) Dns.lookup(host, { all: true }, done)
      else lookup(host, { all: true }, done)
    } catch {
      resume(Effect.succeed([]))
    }
  })
  return Effect.map(Effect.timeoutOption(found, timeout), (found) => (found._tag === "Some" ? found.value : []))
}
