/** The files of a run, in one temporary folder: what nghttpd and nginx serve, what h2load uploads, the certificate. */
import { randomBytes } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Certificate from "./certificate.js"
import { temporaryFolder } from "./children.js"
import { HELLO, MEBIBYTE, path } from "./workloads.js"

/** Where the files are. */
export interface Files {
  readonly folder: string
  readonly documents: string
  readonly upload: string
  readonly key: string
  readonly cert: string
}

/** Writes the files of a run. */
export const make = (): Files => {
  const folder = temporaryFolder()
  const documents = join(folder, "documents")
  mkdirSync(documents)
  const body = randomBytes(MEBIBYTE)
  for (const file of [path.hello, path.upload, path.headers]) writeFileSync(join(documents, file), HELLO)
  writeFileSync(join(documents, path.download), body)
  const { key, cert } = Certificate.make()
  const write = (name: string, content: string | Buffer): string => {
    const file = join(folder, name)
    writeFileSync(file, content)
    return file
  }
  return {
    folder,
    documents,
    upload: write("upload.bin", body),
    key: write("key.pem", key),
    cert: write("cert.pem", cert)
  }
}
