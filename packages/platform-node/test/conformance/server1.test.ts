import { describe } from "vitest"
import * as Raw from "./support/rawFrame.js"
import * as S from "./support/serverCase.js"

const { Code } = Raw

describe("5.1 stream states", () => {
  S.serverCase({ title: "DATA on an idle stream [rfc9113-5.1-1]", steps: [Raw.data(1, "test", Raw.END_STREAM)], outcome: S.connectionError(Code.PROTOCOL_ERROR) })
  S.serverCase({ title: "WINDOW_UPDATE 0 on a stream", steps: [Raw.headers(1, S.get, Raw.OPEN), Raw.windowUpdate(1, 0)], outcome: S.streamError(1, Code.PROTOCOL_ERROR) })
})
