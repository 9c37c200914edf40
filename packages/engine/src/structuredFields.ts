/**
 * Parses dictionaries of structured fields (RFC 8941 §3.2, §4.2): a dictionary parses whole or not at all. Only the values that a caller
 * uses are kept: integers and booleans. Called by Priority.ts.
 *
 * Not a library's parser: a peer can send such a value with each request, two small members of it are used, and this parser builds no objects for
 * the rest and no error with a stack for what does not parse. The engine also depends on hpack alone.
 */

/** An integer or a boolean, undefined for a value of any other type. */
export type Member = number | boolean | undefined

const tab = 0x09
const space = 0x20
const quote = 0x22
const leftParenthesis = 0x28
const rightParenthesis = 0x29
const comma = 0x2c
const minus = 0x2d
const dot = 0x2e
const colon = 0x3a
const semicolon = 0x3b
const equals = 0x3d
const questionMark = 0x3f
const backslash = 0x5c

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39
const isKeyStart = (code: number): boolean => (code >= 0x61 && code <= 0x7a) || code === 0x2a
const isTokenStart = (code: number): boolean => (code >= 0x41 && code <= 0x5a) || isKeyStart(code)

const key = /[a-z*][a-z0-9_.*-]*/y
const token = /[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*/y
/** The padding may be missing. */
const byteSequence = /:[A-Za-z0-9+/]*={0,2}:/y

/** What `pattern`, which is sticky, matches at `at`. */
const matchAt = (pattern: RegExp, text: string, at: number): string | undefined => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

/** Thrown at what does not parse; caught in this module. */
const malformed = new Error("not a dictionary")

class Reader {
  private at = 0

  constructor(private readonly text: string) {}

  private get code(): number {
    // NaN at the end, which equals nothing.
    return this.text.charCodeAt(this.at)
  }

  private get isAtEnd(): boolean {
    return this.at >= this.text.length
  }

  private skipSpaces(): void {
    while (this.code === space) this.at++
  }

  private skipWhitespace(): void {
    while (this.code === space || this.code === tab) this.at++
  }

  /** Goes past `code`, where it is next. */
  private accept(code: number): boolean {
    if (this.code !== code) return false
    this.at++
    return true
  }

  private take(pattern: RegExp): string {
    const found = matchAt(pattern, this.text, this.at)
    if (found === undefined) throw malformed
    this.at += found.length
    return found
  }

  /** §4.2.2, between the spaces that §4.2 allows around it. */
  dictionary(): Map<string, Member> {
    const members = new Map<string, Member>()
    this.skipSpaces()
    while (!this.isAtEnd) {
      const name = this.take(key)
      const member = this.accept(equals) ? this.member() : true
      this.parameters()
      // Of several with one name the last counts.
      members.set(name, member)
      this.skipWhitespace()
      if (this.isAtEnd) break
      if (!this.accept(comma)) throw malformed
      this.skipWhitespace()
      if (this.isAtEnd) throw malformed
    }
    return members
  }

  private member(): Member {
    if (this.code !== leftParenthesis) return this.bareItem()
    this.innerList()
    return undefined
  }

  /** §4.2.1.2. */
  private innerList(): void {
    this.at++
    for (;;) {
      this.skipSpaces()
      if (this.accept(rightParenthesis)) return
      this.bareItem()
      this.parameters()
      if (this.code !== space && this.code !== rightParenthesis) throw malformed
    }
  }

  /** §4.2.3.2. No caller uses their values. */
  private parameters(): void {
    while (this.accept(semicolon)) {
      this.skipSpaces()
      this.take(key)
      if (this.accept(equals)) this.bareItem()
    }
  }

  /** §4.2.3.1. */
  private bareItem(): Member {
    const { code } = this
    if (code === minus || isDigit(code)) return this.number()
    if (code === questionMark) return this.boolean()
    if (code === quote) return this.string()
    this.take(code === colon ? byteSequence : isTokenStart(code) ? token : never)
    return undefined
  }

  /** §4.2.4. */
  private number(): Member {
    const start = this.at
    const sign = this.accept(minus) ? -1 : 1
    const digits = this.digits()
    if (digits === 0) throw malformed
    if (this.accept(dot)) {
      const fraction = this.digits()
      if (digits > 12 || fraction === 0 || fraction > 3) throw malformed
      return undefined
    }
    if (digits > 15) throw malformed
    // Not -0.
    return sign * Number(this.text.slice(sign < 0 ? start + 1 : start, this.at)) + 0
  }

  /** Goes past digits. Returns how many there were. */
  private digits(): number {
    const start = this.at
    while (isDigit(this.code)) this.at++
    return this.at - start
  }

  /** §4.2.8. */
  private boolean(): Member {
    this.at++
    const { code } = this
    if (code !== 0x30 && code !== 0x31) throw malformed
    this.at++
    return code === 0x31
  }

  /** §4.2.5. */
  private string(): Member {
    this.at++
    while (!this.accept(quote)) {
      if (this.accept(backslash) && this.code !== quote && this.code !== backslash) throw malformed
      const { code } = this
      // Also at the end.
      if (!(code >= 0x20 && code <= 0x7e)) throw malformed
      this.at++
    }
    return undefined
  }
}

/** Matches nothing. */
const never = /(?!)/y

/** The members of a dictionary by their names, undefined where `text` is none. */
export const parseDictionary = (text: string): ReadonlyMap<string, Member> | undefined => {
  try {
    return new Reader(text).dictionary()
  } catch (error) {
    if (error === malformed) return undefined
    throw error
  }
}
