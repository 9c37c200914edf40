/**
 * A form of `multipart/form-data` on its way through its parser (RFC 7578): octets are written to it, parts are read from it, no faster than they are taken. It
 * always comes to an end: with its last boundary, or with an error, also for a form that is cut off, and for whoever reads a file of it late. Made by the skins,
 * which bring the parser and make of parts what applications know.
 */
import { Duplex, finished, Readable } from "node:stream"

/** What a parser says of a part. */
export interface FormInfo {
  readonly name: string
  readonly filename?: string | undefined
  readonly contentType: string
  readonly contentTypeParameters: Record<string, string>
  readonly contentDisposition: string
  readonly contentDispositionParameters: Record<string, string>
  readonly headers: Record<string, string | Array<string>>
}

/** What a parser says is wrong with a form. */
export type FormFailure =
  | { readonly _tag: "InvalidBoundary" | "BadHeaders" | "InvalidDisposition" | "EndNotReached" }
  | {
      readonly _tag: "ReachedLimit"
      readonly limit: "MaxParts" | "MaxTotalSize" | "MaxPartSize" | "MaxFieldSize"
    }

/** What a parser calls. */
export interface FormHandlers {
  readonly onField: (info: FormInfo, value: Uint8Array) => void
  /** Gives back what is called with each piece of the file, and with null at its end. */
  readonly onFile: (info: FormInfo) => (octets: Uint8Array | null) => void
  readonly onError: (failure: FormFailure) => void
  readonly onDone: () => void
}

export interface FormParser {
  readonly write: (octets: Uint8Array) => void
  readonly end: () => void
}

export class FormField {
  readonly _tag = "Field"

  constructor(
    readonly info: FormInfo,
    readonly value: Uint8Array
  ) {}
}

export class FormFile extends Readable {
  readonly _tag = "File"
  isFull = false

  constructor(
    readonly info: FormInfo,
    private readonly onRoom: () => void
  ) {
    super()
    // One that nobody reads yet may fail: it keeps its error for who comes later.
    this.on("error", () => undefined)
  }

  /** The next piece, or null for the end. What arrives for a file that was left is nobody's. */
  add(octets: Uint8Array | null): void {
    if (this.destroyed) return
    this.isFull = !this.push(octets) && octets !== null
  }

  override _read(): void {
    this.isFull = false
    this.onRoom()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.isFull = false
    callback(error)
    this.onRoom()
  }
}

/** A form that its parser refuses. */
export class FormError extends Error {
  override readonly name = "FormError"

  constructor(readonly failure: FormFailure) {
    super("the form cannot be read")
  }

  /** In the words of the platform's `MultipartError`, which are the same in both versions of Effect. */
  get reason(): "Parse" | "TooManyParts" | "FieldTooLarge" | "FileTooLarge" | "BodyTooLarge" {
    if (this.failure._tag !== "ReachedLimit") return "Parse"
    switch (this.failure.limit) {
      case "MaxParts":
        return "TooManyParts"
      case "MaxFieldSize":
        return "FieldTooLarge"
      case "MaxPartSize":
        return "FileTooLarge"
      case "MaxTotalSize":
        return "BodyTooLarge"
    }
  }
}

export class Form extends Duplex {
  private readonly parser: FormParser
  private current: FormFile | undefined = undefined
  /** Nothing that the parser says behind its end or its first error counts. */
  private isOver = false
  private areParts = true
  private resumeWriting: (() => void) | undefined = undefined

  constructor(makeParser: (handlers: FormHandlers) => FormParser) {
    super({ readableObjectMode: true })
    this.on("error", () => undefined)
    this.parser = makeParser({
      onField: (info, value) => this.part(new FormField(info, value)),
      onFile: (info) => this.file(info),
      onError: (failure) => this.fail(failure),
      onDone: () => this.done()
    })
  }

  /** Takes all of `source`, and its failure. Left early, the form takes no more of it, and `source` stays as it is. */
  readFrom(source: Readable): this {
    finished(source, { readable: true, writable: false }, (error) => {
      if (error) this.destroy(error)
      // One that had been read before is at its end, and says nothing more.
      else if (!this.writableEnded && !this.destroyed) this.end()
    })
    source.pipe(this)
    return this
  }

  private part(part: FormField | FormFile): void {
    if (!this.isOver) this.areParts = this.push(part)
  }

  private file(info: FormInfo): (octets: Uint8Array | null) => void {
    if (this.isOver) return () => undefined
    const file = new FormFile(info, this.onRoom)
    this.current = file
    this.part(file)
    return (octets) => {
      if (this.isOver) return
      // The end of a file is told behind the piece that it came with: until then, a limit may be found to be exceeded.
      if (octets === null) this.current = undefined
      file.add(octets)
    }
  }

  private done(): void {
    if (this.isOver) return
    this.isOver = true
    this.push(null)
  }

  private fail(failure: FormFailure): void {
    if (this.isOver) return
    this.isOver = true
    this.destroy(new FormError(failure))
  }

  private parse(run: () => void): void {
    try {
      run()
    } catch {
      // It throws at a disposition that it cannot decode.
      this.fail({ _tag: "InvalidDisposition" })
    }
  }

  private readonly onRoom = (): void => {
    if (!this.areParts || this.current?.isFull === true) return
    const resume = this.resumeWriting
    this.resumeWriting = undefined
    resume?.()
  }

  override _read(): void {
    this.areParts = true
    this.onRoom()
  }

  override _write(octets: Uint8Array, _encoding: BufferEncoding, callback: () => void): void {
    this.parse(() => this.parser.write(octets))
    this.resumeWriting = callback
    this.onRoom()
  }

  override _final(callback: () => void): void {
    if (!this.isOver) this.parse(() => this.parser.end())
    // Its last boundary has not come.
    this.fail({ _tag: "EndNotReached" })
    callback()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.isOver = true
    // A file of a form that was left may go on with what it has; of one that failed, it fails.
    if (error !== null) this.current?.destroy(error)
    this.current = undefined
    callback(error)
  }
}
