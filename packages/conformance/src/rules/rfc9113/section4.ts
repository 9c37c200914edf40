/** RFC 9113, section 4: frames. */
import { must, section } from "../../rule.js"
import type { Section } from "../../rule.js"

export const section4: ReadonlyArray<Section> = [
  section(
    "4.1",
    "Frame Format",
    must(
      "rfc9113-4.1-1",
      "both",
      "No payload above 16,384 octets is sent until the peer's SETTINGS_MAX_FRAME_SIZE allows it."
    ),
    must("rfc9113-4.1-2", "both", "A frame of an unknown type is thrown away without effect."),
    must("rfc9113-4.1-3", "both", "Flags without a meaning for a frame's type are not looked at, and are sent as 0."),
    must("rfc9113-4.1-4", "both", "The reserved bit before the stream identifier is not looked at, and is sent as 0.")
  ),
  section(
    "4.2",
    "Frame Size",
    must("rfc9113-4.2-1", "both", "Payloads of up to 16,384 octets can be received at any time."),
    must(
      "rfc9113-4.2-2",
      "both",
      "A frame above the advertised size, outside of its type's limits, or too short for its mandatory fields: FRAME_SIZE_ERROR."
    ),
    must(
      "rfc9113-4.2-3",
      "both",
      "A wrong size is a connection error where the whole connection is concerned: field blocks, SETTINGS, anything on stream 0."
    )
  ),
  section(
    "4.3",
    "Field Section Compression and Decompression",
    must(
      "rfc9113-4.3-1",
      "both",
      "The frames of a field block follow one another; no other frame stands between them."
    ),
    must(
      "rfc9113-4.3-2",
      "both",
      "A receiver that leaves a field block undecoded ends the connection with COMPRESSION_ERROR."
    ),
    must("rfc9113-4.3-3", "both", "A field block that cannot be decoded: connection error COMPRESSION_ERROR.")
  ),
  section(
    "4.3.1",
    "Compression State",
    must(
      "rfc9113-4.3.1-1",
      "both",
      "After acknowledging a table size below what its table holds, an encoder begins its next block with a size update within the new limit."
    ),
    must(
      "rfc9113-4.3.1-2",
      "both",
      "A block that does not begin with that update, once the peer has acknowledged the smaller table: connection error COMPRESSION_ERROR."
    )
  )
]
