/** What RFC 7541 asks of an encoder and a decoder, broken. */
import { edits, type Mutant } from "../mutant.js"

const encoder = edits(
  {
    rule: "rfc7541-2.1-1",
    in: "Encoder.encodeInto",
    find: "for (let i = 0; i < fields.length; i++) {\n      offset = this.writeField(fields, i, buffer, offset)",
    replace: "for (let i = fields.length - 1; i >= 0; i--) {\n      offset = this.writeField(fields, i, buffer, offset)"
  },
  {
    rule: ["rfc7541-4.2-1", "rfc7541-6.3-1"],
    in: "Encoder.setHeaderTableSize",
    find: "const capacity = Math.min(size, this.maxHeaderTableSize)",
    replace: "const capacity = this.maxHeaderTableSize"
  },
  {
    rule: ["rfc7541-4.2-2", "rfc9113-4.3.1-1"],
    in: "Encoder.encodeInto",
    find: "} else if (capacity !== this.signalled) {",
    replace: "} else if (capacity > this.signalled) {"
  },
  {
    rule: "rfc7541-4.2-3",
    in: "Encoder.encodeInto",
    find: "offset = writeInteger(buffer, offset, 0x20, 0x1f, this.lowest)\n",
    replace: ""
  },
  {
    rule: ["rfc7541-6.2.3-1", "rfc7541-6.2.3-3", "rfc7541-7.1.3-2"],
    in: "Encoder.writeField",
    find: "return this.writeLiteral(field, literalNever, 0x0f,",
    replace: "return this.writeLiteral(field, literalPlain, 0x0f,"
  },
  {
    rule: ["rfc7541-6.2.3-2", "rfc7541-7.1.3-1"],
    in: "Encoder.writeField",
    find: "if (field.sensitive || policy === policyNever",
    replace: "if (policy === policyNever"
  }
)

const decoder = edits(
  {
    rule: "rfc7541-2.1-2",
    in: "Decoder.append",
    find: "this.fields.push(field)",
    replace: "this.fields.unshift(field)"
  },
  {
    rule: "rfc7541-2.3.3-1",
    in: "Decoder.fieldAt",
    find: "if (index - staticTableLength > table.length) {",
    replace: "if (index - staticTableLength > table.length + 1) {"
  },
  {
    rule: "rfc7541-3.2-1",
    in: "Decoder.readIndexedLiteral",
    find: "if (field === undefined ? this.table.clear() : this.table.insert(field)) {",
    replace: "if (this.table.clear()) {"
  },
  { rule: "rfc7541-6.1-1", in: "Decoder.fieldAt", find: "if (index === 0) {", replace: "if (index < 0) {" }
)

const rest = [
  ...edits({
    rule: "rfc7541-2.3.2-1",
    in: "DynamicTable.insert",
    find: "this.push(field)\n    return true",
    replace:
      "if (this.toArray().some(({ name, value }) => name === field.name && value === field.value)) return false\n    this.push(field)\n    return true"
  }),
  ...edits(
    {
      rule: "rfc7541-6.3-2",
      in: "TableCapacity.readUpdates",
      find: "if (size > this.limit) {",
      replace: "if (size > this.limit + 1) {"
    },
    {
      rule: ["rfc9113-4.3.1-2", "rfc7541-4.2-2"],
      in: "TableCapacity.readUpdates",
      find: "if (this.requiredReduction !== -1) {",
      replace: "if (this.requiredReduction < -1) {"
    },
    {
      rule: "rfc7541-4.2-3",
      in: "TableCapacity.setLimit",
      find: "(this.requiredReduction === -1 || limit < this.requiredReduction)",
      replace: "true"
    }
  ),
  ...edits(
    {
      rule: "rfc7541-5.1-1",
      in: "BlockReader.integer",
      find: "if (value > maxInteger) {",
      replace: "if (value > 2 * maxInteger) {"
    },
    { rule: "rfc7541-5.1-1", in: "lastShift", find: "const lastShift = 28", replace: "const lastShift = 35" }
  ),
  ...edits(
    {
      rule: "rfc7541-5.2-1",
      in: "decodeHuffman",
      find: "if (state > longestPadding) {",
      replace: "if (state > longestPadding && (bytes[end - 1] ?? 0) !== 0xff) {"
    },
    { rule: "rfc7541-5.2-2", in: "decodeHuffman", find: "if (state > longestPadding) {", replace: "if (state < 0) {" },
    { rule: "rfc7541-5.2-3", in: "decodeHuffman", find: "if (entry === invalid) {", replace: "if (entry !== entry) {" }
  )
]

export const hpack: ReadonlyArray<Mutant> = [...encoder, ...decoder, ...rest]
