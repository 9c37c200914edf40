/** The part of hpack.js that is measured; it comes without types. */
declare module "hpack.js" {
  export interface Field {
    readonly name: string
    readonly value: string
  }
  export interface Options {
    readonly table: { readonly maxSize: number }
  }
  export interface Compressor {
    write(fields: ReadonlyArray<Field>): boolean
    read(): Buffer | null
  }
  export interface Decompressor {
    write(block: Uint8Array): boolean
    execute(): void
    read(): Field | null
    on(event: "error", listener: (error: Error) => void): this
  }
  const hpack: {
    readonly compressor: { readonly create: (options: Options) => Compressor }
    readonly decompressor: { readonly create: (options: Options) => Decompressor }
  }
  export default hpack
}
