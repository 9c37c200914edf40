#!/usr/bin/env node
/** The program `effect-http2`. */
import * as Module from "node:module"

/** What Node compiles is kept for the next start, where it can (from 22.8 on). Before the modules that this is for are loaded. */
const enableCompileCache: unknown = Reflect.get(Module, "enableCompileCache")
if (typeof enableCompileCache === "function") Reflect.apply(enableCompileCache, Module, [])

const { start } = await import("./start.js")
start(process.argv.slice(2))
