/** nginx, nghttpd and HAProxy, started for a suite or a test on free ports of 127.0.0.1, and stopped behind it. */
import { once } from "node:events"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Certificate from "@effect-http2/testkit/certificate"
import * as Program from "@effect-http2/testkit/program"

export interface PeerServer {
  readonly https: string
  readonly http: string
  /** Over TLS with HTTP/1.1 alone, where it has that. */
  readonly http1?: string
  /** For `tls: { ca }`, to trust it. */
  readonly ca: string
  /** The folder whose files it serves. */
  readonly root: string
  readonly stop: () => Promise<void>
}

/** A reverse proxy in front of a server of ours. */
export interface Proxy {
  readonly https: string
  readonly stop: () => Promise<void>
}

/** Ports that were free a moment ago: these programs cannot choose one and tell. */
const freePorts = async (count: number): Promise<ReadonlyArray<number>> => {
  const servers = Array.from({ length: count }, () => Net.createServer().listen(0, "127.0.0.1"))
  await Promise.all(servers.map((server) => once(server, "listening")))
  const ports = servers.map((server) => (server.address() as Net.AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), "close")))
  return ports
}

/** What a program is given: a folder with `key.pem` and `cert.pem`, and ports of its own. */
interface Place {
  readonly folder: string
  readonly ports: ReadonlyArray<number>
}

interface Launch {
  readonly program: string
  readonly certificate: Certificate.Certificate
  /** How many ports it needs. */
  readonly ports: number
  /** What it says when it listens. */
  readonly listens: RegExp
  /** Writes its files; its arguments, once for each time that it is to be started. */
  readonly prepare: (place: Place) => Promise<ReadonlyArray<ReadonlyArray<string>>>
}

/** Completes when the program listens. Where it ends instead, what was started is stopped and the folder removed, as `stop` does. */
const launch = async ({ certificate, listens, ports, prepare, program }: Launch) => {
  const folder = await mkdtemp(join(tmpdir(), "effect-http2-peer-"))
  let started: ReadonlyArray<Program.Program> = []
  const stop = async (): Promise<void> => {
    await Promise.allSettled(started.map(({ stop }) => stop()))
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await writeFile(join(folder, "key.pem"), certificate.key)
    await writeFile(join(folder, "cert.pem"), certificate.cert)
    const place = { folder, ports: await freePorts(ports) }
    started = (await prepare(place)).map((args) => Program.start(program, args))
    await Promise.all(started.map(({ says }) => says(listens)))
    return { ...place, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** As a server of the files in `root` below its folder; the last port, where there is a third, is of HTTP/1.1. */
const launchServer = async (options: Omit<Launch, "certificate">): Promise<PeerServer> => {
  const certificate = await Certificate.make()
  const prepare = async (place: Place) => {
    await mkdir(join(place.folder, "root"))
    return options.prepare(place)
  }
  const { folder, ports, stop } = await launch({ ...options, certificate, prepare })
  const [tls, plain, http1] = ports
  return {
    https: `https://localhost:${tls}`,
    http: `http://127.0.0.1:${plain}`,
    ...(http1 === undefined ? {} : { http1: `https://localhost:${http1}` }),
    ca: certificate.cert,
    root: join(folder, "root"),
    stop
  }
}

const launchProxy = async (options: Omit<Launch, "ports">): Promise<Proxy> => {
  const { ports, stop } = await launch({ ...options, ports: 1 })
  return { https: `https://localhost:${ports[0]}`, stop }
}

// It says so among its notices, once it has its sockets.
const nginxListens = /using the "\w+" event method/

/** As root, workers would become somebody who may not read the folder; there are none with `master_process off`. */
const nginxConfig = (folder: string, http: string): string => `
daemon off;
master_process off;
worker_processes 1;
error_log stderr notice;
pid ${folder}/nginx.pid;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  client_max_body_size 1g;
  ${http}
}
`

const nginxArguments = async (folder: string, http: string): Promise<ReadonlyArray<ReadonlyArray<string>>> => {
  const file = join(folder, "nginx.conf")
  await writeFile(file, nginxConfig(folder, http))
  return [["-p", folder, "-c", file, "-e", "stderr"]]
}

const nginxFiles = (folder: string, [tlsPort, plainPort, http1Port]: ReadonlyArray<number>): string => `
  default_type application/octet-stream;
  large_client_header_buffers 8 32k;
  keepalive_requests 100000;
  server {
    listen 127.0.0.1:${tlsPort} ssl http2;
    listen 127.0.0.1:${plainPort} http2;
    listen 127.0.0.1:${http1Port} ssl;
    server_name localhost;
    ssl_certificate ${folder}/cert.pem;
    ssl_certificate_key ${folder}/key.pem;
    root ${folder}/root;
    location /upload/ { dav_methods PUT; client_body_in_file_only off; }
    location = /echo-headers { return 200 "$request_method $scheme $host $http_x_one $http_cookie"; }
    location = /nothing { return 204; }
    location = /elsewhere { return 302 /hello; }
  }
`

/** nginx, with TLS and with prior knowledge. PUT to `/upload/NAME` writes the file `upload/NAME` below its root. */
export const nginx = (program: string): Promise<PeerServer> =>
  launchServer({
    program,
    ports: 3,
    listens: nginxListens,
    prepare: async ({ folder, ports }) => {
      await mkdir(join(folder, "root", "upload"))
      return nginxArguments(folder, nginxFiles(folder, ports))
    }
  })

/** nghttpd twice, with TLS and without: it pads its frames, sends trailers, and gives uploads back. `more` are options of it. */
export const nghttpd = (program: string, ...more: ReadonlyArray<string>): Promise<PeerServer> =>
  launchServer({
    program,
    ports: 2,
    // Which it does with `-v` only.
    listens: /listen 127\.0\.0\.1:/,
    prepare: ({ folder, ports: [tlsPort, plainPort] }) => {
      const options = ["-v", "-a", "127.0.0.1", "-d", join(folder, "root"), "--echo-upload", "-b", "100", ...more]
      const trailer = ["--trailer", "x-trailer: behind"]
      const keys = [join(folder, "key.pem"), join(folder, "cert.pem")]
      return Promise.resolve([
        [...options, ...trailer, String(tlsPort), ...keys],
        [...options, ...trailer, "--no-tls", String(plainPort)]
      ])
    }
  })

const nginxInFront = (folder: string, port: number | undefined, http2: boolean, upstream: number): string => `
  upstream ours { server 127.0.0.1:${upstream}; keepalive 16; }
  server {
    listen 127.0.0.1:${port} ssl${http2 ? " http2" : ""};
    ssl_certificate ${folder}/cert.pem;
    ssl_certificate_key ${folder}/key.pem;
    location / {
      proxy_pass http://ours;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_buffering off;
      proxy_request_buffering off;
    }
  }
`

/** nginx, which speaks TLS, and HTTP/1.1 to the port `upstream`. In front it speaks HTTP/2 too, where `http2` says so. */
export const nginxProxy = (
  program: string,
  certificate: Certificate.Certificate,
  upstream: number,
  http2: boolean
): Promise<Proxy> =>
  launchProxy({
    program,
    certificate,
    listens: nginxListens,
    prepare: ({ folder, ports: [port] }) => nginxArguments(folder, nginxInFront(folder, port, http2, upstream))
  })

const haproxyConfig = (folder: string, port: number | undefined, upstream: number): string => `
global
  maxconn 512
  nbthread 1
defaults
  mode http
  option abortonclose
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:${port} ssl crt ${folder}/both.pem alpn h2,http/1.1
  http-request set-header X-Forwarded-Proto https
  default_backend back
backend back
  server ours 127.0.0.1:${upstream} proto h2
`

// Its master says one or the other, by its version, when its worker has the sockets; without `-W` it is silent.
const haproxyListens = /New worker .*forked|Loading success/

const haproxyArguments = async (
  folder: string,
  certificate: Certificate.Certificate,
  config: string
): Promise<ReadonlyArray<ReadonlyArray<string>>> => {
  const file = join(folder, "haproxy.cfg")
  await writeFile(join(folder, "both.pem"), `${certificate.cert}\n${certificate.key}`)
  await writeFile(file, config)
  return [["-W", "-db", "-f", file]]
}

/** HAProxy, which speaks TLS and what ALPN says in front, and HTTP/2 with prior knowledge to the port `upstream`. */
export const haproxy = (program: string, certificate: Certificate.Certificate, upstream: number): Promise<Proxy> =>
  launchProxy({
    program,
    certificate,
    listens: haproxyListens,
    prepare: ({ folder, ports: [port] }) => haproxyArguments(folder, certificate, haproxyConfig(folder, port, upstream))
  })

/** What nginx forwards of an upgrade: `lines` in its `location /`, with `maps` beside its server. `/denied` is not for anybody. */
export interface Forwarding {
  readonly maps?: string
  readonly lines: string
}

/** nginx, which speaks TLS and HTTP/1.1 in front, forwards upgrades to the port `upstream`, and answers 403 for `/denied` itself. */
export const nginxWithUpgrades = (
  program: string,
  certificate: Certificate.Certificate,
  upstream: number,
  { lines, maps = "" }: Forwarding
): Promise<Proxy> =>
  launchProxy({
    program,
    certificate,
    listens: nginxListens,
    prepare: ({ folder, ports: [port] }) =>
      nginxArguments(
        folder,
        `
  ${maps}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${folder}/cert.pem;
    ssl_certificate_key ${folder}/key.pem;
    location /denied { return 403; }
    location / {
      proxy_pass http://127.0.0.1:${upstream};
      proxy_http_version 1.1;
      ${lines}
    }
  }
`
      )
  })

const haproxyWithUpgradesConfig = (
  folder: string,
  port: number | undefined,
  upstream: number,
  rules: string
): string => `
global
  maxconn 512
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:${port} ssl crt ${folder}/both.pem alpn http/1.1
  http-request deny if { path_beg /denied }
  ${rules}
  default_backend back
backend back
  server ours 127.0.0.1:${upstream}
`

/** HAProxy, which forwards upgrades over HTTP/1.1, as it does unless `rules` say otherwise, and answers 403 for `/denied` itself. */
export const haproxyWithUpgrades = (
  program: string,
  certificate: Certificate.Certificate,
  upstream: number,
  rules = ""
): Promise<Proxy> =>
  launchProxy({
    program,
    certificate,
    listens: haproxyListens,
    prepare: ({ folder, ports: [port] }) =>
      haproxyArguments(folder, certificate, haproxyWithUpgradesConfig(folder, port, upstream, rules))
  })
