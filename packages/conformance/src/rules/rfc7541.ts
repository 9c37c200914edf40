/** RFC 7541: HPACK. In its own terms: `both` ends encode, and both decode. */
import { must, section } from "../rule.js"
import type { Specification } from "../rule.js"

export const rfc7541: Specification = {
  id: "rfc7541",
  heading: "HPACK: Header Compression for HTTP/2",
  sections: [
    section(
      "2.1",
      "Header List Ordering",
      must("rfc7541-2.1-1", "both", "An encoder keeps the order of the fields."),
      must("rfc7541-2.1-2", "both", "A decoder keeps the order of the fields.")
    ),
    section(
      "2.3.2",
      "Dynamic Table",
      must("rfc7541-2.3.2-1", "both", "The dynamic table may hold the same entry several times.")
    ),
    section(
      "2.3.3",
      "Index Address Space",
      must("rfc7541-2.3.3-1", "both", "An index beyond both tables is a decoding error.")
    ),
    section(
      "3.2",
      "Header Field Representation Processing",
      must(
        "rfc7541-3.2-1",
        "both",
        "A decoder does for each representation what is described for it: appends the field, and inserts it into the dynamic table or does not."
      )
    ),
    section(
      "4.2",
      "Maximum Table Size",
      must(
        "rfc7541-4.2-1",
        "both",
        "An encoder's table is never larger than SETTINGS_HEADER_TABLE_SIZE of the peer allows."
      ),
      must("rfc7541-4.2-2", "both", "A change of the size is told at the beginning of the first block after it."),
      must("rfc7541-4.2-3", "both", "Of several changes between two blocks, the smallest size is told too.")
    ),
    section(
      "5.1",
      "Integer Representation",
      must("rfc7541-5.1-1", "both", "An integer that is too large or too long for the decoder is a decoding error.")
    ),
    section(
      "5.2",
      "String Literal Representation",
      must("rfc7541-5.2-1", "both", "More than 7 bits of padding behind a Huffman-coded string are a decoding error."),
      must(
        "rfc7541-5.2-2",
        "both",
        "Padding that is not the beginning of the code of EOS, all ones, is a decoding error."
      ),
      must("rfc7541-5.2-3", "both", "The code of EOS in a string is a decoding error.")
    ),
    section(
      "6.1",
      "Indexed Header Field Representation",
      must("rfc7541-6.1-1", "both", "Index 0 is a decoding error.")
    ),
    section(
      "6.2.3",
      "Literal Header Field Never Indexed",
      must("rfc7541-6.2.3-1", "both", "Who hands a never-indexed field on encodes it as never-indexed."),
      must("rfc7541-6.2.3-2", "both", "A field that is marked never-indexed has no other representation."),
      must("rfc7541-6.2.3-3", "both", "A field that was received as never-indexed is sent on as never-indexed.")
    ),
    section(
      "6.3",
      "Dynamic Table Size Update",
      must("rfc7541-6.3-1", "both", "A size update stays within SETTINGS_HEADER_TABLE_SIZE of the peer."),
      must("rfc7541-6.3-2", "both", "A size update beyond it is a decoding error.")
    ),
    section(
      "7.1.3",
      "Never-Indexed Literals",
      must("rfc7541-7.1.3-1", "both", "A never-indexed value is not encoded anew in a way that would index it."),
      must("rfc7541-7.1.3-2", "both", "With HPACK on the next hop too, it is a never-indexed literal again.")
    )
  ]
}
