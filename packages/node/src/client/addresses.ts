/**
 * The addresses that a host has, as a new connection would look them up. Called where a connection may be good for another origin.
 */
import * as Dns from "node:dns"
import * as Net from "node:net"

/** An address of IPv4 is written as one, also where a socket of IPv6 has it. */
export const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "")

const toAddresses = (found: string | ReadonlyArray<Dns.LookupAddress> | undefined): ReadonlyArray<string> =>
  typeof found === "string" ? [found] : (found ?? []).map(({ address }) => address)

/** None where there are none: the dial that follows says why. */
export const addressesOf = (
  host: string,
  lookup: Net.LookupFunction | undefined,
  done: (addresses: ReadonlyArray<string>) => void
): void => {
  if (Net.isIP(host) !== 0) return done([host])
  const onFound: Parameters<Net.LookupFunction>[2] = (error, address) =>
    done(error === null ? toAddresses(address).map(plain) : [])
  try {
    if (lookup === undefined) Dns.lookup(host, { all: true }, onFound)
    else lookup(host, { all: true }, onFound)
  } catch {
    done([])
  }
}
