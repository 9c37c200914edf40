/**
 * UTF-8, by the encoder and decoder that every JavaScript runtime has. Called where a body is given or asked for as text.
 */

declare const TextEncoder: new () => { encode(text: string): Uint8Array }
declare const TextDecoder: new () => { decode(octets: Uint8Array): string }

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Up to this many characters a loop is faster than the encoder. */
const short = 32

export const toOctets = (text: string): Uint8Array => {
  const { length } = text
  if (length > short) return encoder.encode(text)
  const octets = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return encoder.encode(text)
    octets[i] = code
  }
  return octets
}

/** What is not UTF-8 becomes U+FFFD. */
export const fromOctets = (octets: Uint8Array): string => decoder.decode(octets)
