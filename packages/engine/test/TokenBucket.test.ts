import * as fc from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import { TokenBucket } from "@effect-http2/engine/connection/tokenBucket"

const takeMany = (bucket: TokenBucket, times: number, now: number): number =>
  Array.from({ length: times }, () => bucket.take(now)).filter(Boolean).length

describe("tokenBucket", () => {
  it("gives its burst at once, then so many each second", () => {
    const bucket = new TokenBucket(5, 2, 1000)
    expect(takeMany(bucket, 9, 1000)).toBe(5)
    expect(takeMany(bucket, 9, 1499)).toBe(0)
    expect(takeMany(bucket, 9, 1500)).toBe(1)
    expect(takeMany(bucket, 9, 3500)).toBe(4)
  })

  it("does not save up more than its burst", () => {
    const bucket = new TokenBucket(5, 2, 0)
    expect(takeMany(bucket, 3, 0)).toBe(3)
    expect(takeMany(bucket, 99, 1_000_000)).toBe(5)
  })

  it("with a rate of 0 gives its burst and no more; with none of both, nothing", () => {
    expect(takeMany(new TokenBucket(2, 0, 0), 9, 1_000_000)).toBe(2)
    expect(takeMany(new TokenBucket(0, 0, 0), 9, 1_000_000)).toBe(0)
  })

  it("without a limit it gives always", () => {
    const bucket = new TokenBucket(Infinity, 1, 0)
    expect(takeMany(bucket, 50, 0)).toBe(50)
    expect(takeMany(bucket, 50, 10)).toBe(50)
  })

  it("in no span of time gives more than burst + rate * time", () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 30 })), {
      maxLength: 40
    })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 10 }), steps, (burst, rate, steps) => {
        const bucket = new TokenBucket(burst, rate, 0)
        const taken: Array<readonly [at: number, count: number]> = []
        let now = 0
        for (const [elapsed, tries] of steps) {
          now += elapsed
          taken.push([now, takeMany(bucket, tries, now)])
        }
        taken.forEach(([from], first) => {
          let sum = 0
          for (const [to, count] of taken.slice(first)) {
            sum += count
            expect(sum).toBeLessThanOrEqual(burst + (rate * (to - from)) / 1000 + 1e-6)
          }
        })
      })
    )
  })
})
