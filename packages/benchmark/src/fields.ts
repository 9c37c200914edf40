/**
 * The header fields of the 20-field workload: 4 pseudo-header fields and 16 others in the request, `:status` and 19 others in the
 * response, as a browser and an API behind a proxy send them. Used by servers, load generators and the probe.
 */

type Pairs = ReadonlyArray<readonly [name: string, value: string]>

/** The field that a server must find in the request, and the value that it must find there. */
export const expectedField = ["x-request-origin", "storefront-eu-west-1"] as const

/** What the request carries beside its pseudo-header fields. */
export const requestFields: Pairs = [
  ["user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"],
  ["accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
  ["accept-language", "en-GB,en;q=0.7,de;q=0.3"],
  ["accept-encoding", "gzip, deflate, br, zstd"],
  ["referer", "https://shop.example.com/catalogue/garden/tools"],
  ["origin", "https://shop.example.com"],
  ["cookie", "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=all"],
  ["cache-control", "no-cache"],
  ["sec-fetch-dest", "document"],
  ["sec-fetch-mode", "navigate"],
  ["sec-fetch-site", "same-origin"],
  ["traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
  ["x-forwarded-for", "203.0.113.195"],
  ["x-forwarded-proto", "https"],
  ["x-tenant", "b7e9a1c2"],
  expectedField
]

/** What the response carries beside `:status`, content-type, content-length and what the server adds by itself. */
export const responseFields: Pairs = [
  ["cache-control", "public, max-age=300"],
  ["vary", "accept-encoding"],
  ["etag", "33a64df551425fcc55e4d42a148795d9"],
  ["last-modified", "Tue, 01 Jul 2025 08:00:00 GMT"],
  ["strict-transport-security", "max-age=63072000; includeSubDomains"],
  ["content-security-policy", "default-src 'self'"],
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
  ["referrer-policy", "strict-origin-when-cross-origin"],
  ["permissions-policy", "geolocation=(), camera=()"],
  ["access-control-allow-origin", "https://shop.example.com"],
  ["access-control-allow-credentials", "true"],
  ["x-request-id", "4f5d3e7a-0c4b-4c8e-9d2a-6b1f0e9c8d7b"],
  ["x-cache", "HIT"],
  ["x-ratelimit-limit", "5000"],
  ["x-ratelimit-remaining", "4987"],
  ["content-language", "en"]
]
