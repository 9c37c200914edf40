/**
 * What a client's connection begins with (RFC 9113 §3.4). Sent by the connection, expected by the frame decoder.
 */
export const preface: Uint8Array = Uint8Array.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (char) => char.charCodeAt(0))
