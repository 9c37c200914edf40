/**
 * UTF-8, by the encoder and decoder that every JavaScript runtime has. Called where a body is given or asked for as text.
 */

declare const TextEncoder: new () => { encode(text: string): Uint8Array }
declare const TextDecoder: new () => { decode(octets: Uint8Array): string }

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const toOctets = (text: string): Uint8Array => encoder.encode(text)

/** What is not UTF-8 becomes U+FFFD. */
export const fromOctets = (octets: Uint8Array): string => decoder.decode(octets)
