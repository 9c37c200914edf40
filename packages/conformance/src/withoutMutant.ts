/** Rules that tests show and that no mutant breaks, each with the reason: there is no line of ours that keeps them. */
export const withoutMutant: Readonly<Record<string, string>> = {
  "rfc9113-9.2.3-2": "Node's TLS has no authentication behind the handshake: there is nothing of ours that refuses it."
}
