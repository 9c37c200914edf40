/** Version 3 of `mime`, as much of it as is used here: it has no types of its own. */
declare module "mime" {
  const Mime: {
    /** The media type of a file by the extension of its name; null where that is not known. */
    getType: (path: string) => string | null
  }
  export default Mime
}
