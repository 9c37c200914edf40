/**
 * The span of a request where the tracer is Effect's native one, which nobody listens to: what `HttpMiddleware.tracer` makes, made when a
 * handler looks at it. Made by tracing.ts for every request.
 */
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import type * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"

/** What the spans of an application have in common, and how one is made. */
export interface SpanSource<A> {
  readonly clock: Clock.Clock
  readonly isTimed: boolean
  readonly make: (about: A, startTime: bigint) => Tracer.Span
  readonly describe: (span: Tracer.Span, exit: Exit.Exit<HttpServerResponse.HttpServerResponse, unknown>) => void
}

export class ServerSpan<A> implements Tracer.Span {
  readonly _tag = "Span"
  readonly kind = "server"
  readonly sampled = true
  private readonly startTime: bigint
  private made: Tracer.Span | undefined = undefined
  private early: Array<readonly [key: string, value: unknown]> | undefined = undefined
  private endTime = 0n
  private exit: Exit.Exit<unknown, unknown> | undefined = undefined
  private response: Exit.Exit<HttpServerResponse.HttpServerResponse, unknown> | undefined = undefined

  constructor(
    private readonly source: SpanSource<A>,
    private readonly about: A
  ) {
    this.startTime = source.isTimed ? source.clock.unsafeCurrentTimeNanos() : 0n
  }

  private get span(): Tracer.Span {
    if (this.made !== undefined) return this.made
    const span = this.source.make(this.about, this.startTime)
    this.made = span
    if (this.early !== undefined) for (const [key, value] of this.early) span.attribute(key, value)
    if (this.response !== undefined) this.source.describe(span, this.response)
    if (this.exit !== undefined) span.end(this.endTime, this.exit)
    return span
  }

  get name(): string {
    return this.span.name
  }

  get spanId(): string {
    return this.span.spanId
  }

  get traceId(): string {
    return this.span.traceId
  }

  get parent(): Option.Option<Tracer.AnySpan> {
    return this.span.parent
  }

  get context(): Context.Context<never> {
    return this.span.context
  }

  get status(): Tracer.SpanStatus {
    return this.span.status
  }

  get attributes(): ReadonlyMap<string, unknown> {
    return this.span.attributes
  }

  get links(): ReadonlyArray<Tracer.SpanLink> {
    return this.span.links
  }

  attribute(key: string, value: unknown): void {
    if (this.made === undefined) (this.early ??= []).push([key, value])
    else this.made.attribute(key, value)
  }

  event(name: string, startTime: bigint, attributes?: Record<string, unknown>): void {
    this.span.event(name, startTime, attributes)
  }

  addLinks(links: ReadonlyArray<Tracer.SpanLink>): void {
    this.span.addLinks(links)
  }

  /** The application has given its response, or failed. */
  finish(exit: Exit.Exit<HttpServerResponse.HttpServerResponse, unknown>): void {
    this.response = exit
    if (this.made !== undefined) this.source.describe(this.made, exit)
    if (this.exit === undefined) this.end(this.source.isTimed ? this.source.clock.unsafeCurrentTimeNanos() : 0n, exit)
  }

  end(endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
    this.endTime = endTime
    this.exit = exit
    this.made?.end(endTime, exit)
  }
}
