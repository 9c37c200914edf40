/** nginx, nghttpd and HAProxy, started for a suite or a test on free ports of 127.0.0.1, and stopped behind it. */
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Certificate from "../certificate.js"

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

/** Ports that were free a moment ago: these programs cannot choose one and tell. */
const freePorts = async (count: number): Promise<ReadonlyArray<number>> => {
  const servers = Array.from({ length: count }, () => Net.createServer().listen(0, "127.0.0.1"))
  await Promise.all(servers.map((server) => once(server, "listening")))
  const ports = servers.map((server) => (server.address() as Net.AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), "close")))
  return ports
}

/** Completes when the port takes connections; throws where the program ended instead. */
const accepting = async (port: number, child: ChildProcess, output: { text: string }): Promise<void> => {
  while (child.exitCode === null && child.signalCode === null) {
    const socket = Net.connect(port, "127.0.0.1")
    const [connected] = (await Promise.race([
      once(socket, "connect").then(() => [true]),
      once(socket, "close").then(() => [false])
    ]).catch(() => [false])) as [boolean]
    socket.destroy()
    if (connected) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`${child.spawnfile} ended: ${output.text}`)
}

const start = async (command: string, args: ReadonlyArray<string>, ports: ReadonlyArray<number>) => {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] })
  const output = { text: "" }
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output.text += chunk
    })
  }
  const ended = once(child, "close")
  await Promise.all(ports.map((port) => accepting(port, child, output)))
  return async (): Promise<void> => {
    child.kill("SIGTERM")
    await ended
  }
}

const makeFolder = async (certificate: Certificate.Certificate): Promise<{ folder: string; root: string }> => {
  const folder = await mkdtemp(join(tmpdir(), "effect-http2-peer-"))
  const root = join(folder, "root")
  await mkdir(root)
  await writeFile(join(folder, "key.pem"), certificate.key)
  await writeFile(join(folder, "cert.pem"), certificate.cert)
  return { folder, root }
}

const nginxConfig = (folder: string, tlsPort: number, plainPort: number, http1Port: number): string => `
daemon off;
master_process off;
worker_processes 1;
error_log stderr error;
pid ${folder}/nginx.pid;
events { worker_connections 512; }
http {
  access_log off;
  default_type application/octet-stream;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  client_max_body_size 1g;
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
}
`

/** nginx, with TLS and with prior knowledge. PUT to `/upload/NAME` writes the file `upload/NAME` below its root. */
export const nginx = async (program: string): Promise<PeerServer> => {
  const certificate = await Certificate.make()
  const { folder, root } = await makeFolder(certificate)
  await mkdir(join(root, "upload"))
  const [tlsPort = 0, plainPort = 0, http1Port = 0] = await freePorts(3)
  await writeFile(join(folder, "nginx.conf"), nginxConfig(folder, tlsPort, plainPort, http1Port))
  // As root, workers would become somebody who may not read the folder; there are none with `master_process off`.
  const args = ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"]
  const end = await start(program, args, [tlsPort, plainPort, http1Port])
  return {
    https: `https://localhost:${tlsPort}`,
    http: `http://127.0.0.1:${plainPort}`,
    http1: `https://localhost:${http1Port}`,
    ca: certificate.cert,
    root,
    stop: () => end().then(() => rm(folder, { recursive: true, force: true }))
  }
}

/** nghttpd twice, with TLS and without: it pads its frames, sends trailers, and gives uploads back. */
export const nghttpd = async (program: string): Promise<PeerServer> => {
  const certificate = await Certificate.make()
  const { folder, root } = await makeFolder(certificate)
  const [tlsPort = 0, plainPort = 0] = await freePorts(2)
  const options = ["-a", "127.0.0.1", "-d", root, "--echo-upload", "-b", "100", "--trailer", "x-trailer: behind"]
  const keys = [join(folder, "key.pem"), join(folder, "cert.pem")]
  const ends = await Promise.all([
    start(program, [...options, String(tlsPort), ...keys], [tlsPort]),
    start(program, [...options, "--no-tls", String(plainPort)], [plainPort])
  ])
  return {
    https: `https://localhost:${tlsPort}`,
    http: `http://127.0.0.1:${plainPort}`,
    ca: certificate.cert,
    root,
    stop: async () => {
      await Promise.all(ends.map((end) => end()))
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** A reverse proxy in front of a server of ours. */
export interface Proxy {
  readonly https: string
  readonly stop: () => Promise<void>
}

const nginxProxyConfig = (folder: string, port: number, http2: boolean, upstream: number): string => `
daemon off;
master_process off;
worker_processes 1;
error_log stderr error;
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
}
`

const haproxyConfig = (folder: string, port: number, upstream: number): string => `
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

const startProxy = async (
  certificate: Certificate.Certificate,
  program: string,
  prepare: (folder: string, port: number) => Promise<ReadonlyArray<string>>
): Promise<Proxy> => {
  const { folder } = await makeFolder(certificate)
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    const [port = 0] = await freePorts(1)
    const end = await start(program, await prepare(folder, port), [port])
    return { https: `https://localhost:${port}`, stop: () => end().then(remove) }
  } catch (error) {
    await remove()
    throw error
  }
}

/** nginx, which speaks TLS, and HTTP/1.1 to the port `upstream`. In front it speaks HTTP/2 too, where `http2` says so. */
export const nginxProxy = (
  program: string,
  certificate: Certificate.Certificate,
  upstream: number,
  http2: boolean
): Promise<Proxy> =>
  startProxy(certificate, program, async (folder, port) => {
    const file = join(folder, "nginx.conf")
    await writeFile(file, nginxProxyConfig(folder, port, http2, upstream))
    return ["-p", folder, "-c", file, "-e", "stderr"]
  })

/** HAProxy, which speaks TLS and what ALPN says in front, and HTTP/2 with prior knowledge to the port `upstream`. */
export const haproxy = (program: string, certificate: Certificate.Certificate, upstream: number): Promise<Proxy> =>
  startProxy(certificate, program, async (folder, port) => {
    const file = join(folder, "haproxy.cfg")
    await writeFile(join(folder, "both.pem"), `${certificate.cert}\n${certificate.key}`)
    await writeFile(file, haproxyConfig(folder, port, upstream))
    return ["-db", "-f", file]
  })
