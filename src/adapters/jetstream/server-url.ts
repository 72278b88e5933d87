import { ReveriedError } from "../../core/errors.ts";

/** What the client needs of `REVERIED_NATS_URL`. */
export interface NatsServers {
  /** `host:port`, without credentials: fit for messages. */
  readonly servers: readonly string[];
  readonly tls: boolean;
  readonly credentials:
    | { readonly kind: "none" }
    | { readonly kind: "token"; readonly token: string }
    | { readonly kind: "user"; readonly user: string; readonly pass: string };
}

const hint = "REVERIED_NATS_URL must be nats://host:port or tls://host:port, several joined by commas";

/**
 * Reads `nats://[user:password@|token@]host[:port]`, or a comma list of such: servers of one cluster, which must
 * name the same credentials. Throws `invalid_argument` without repeating what was given, for it may hold a password.
 */
export function parseServers(url: string): NatsServers {
  const parsed = url.split(",").map((text) => parseOne(text.trim()));
  const [first, ...others] = parsed;
  if (first === undefined) throw refused(hint);
  for (const other of others) {
    if (other.tls !== first.tls || other.username !== first.username || other.password !== first.password) {
      throw refused("the servers in REVERIED_NATS_URL must have the same scheme and credentials");
    }
  }
  return { servers: parsed.map(({ host }) => host), tls: first.tls, credentials: credentialsOf(first) };
}

function parseOne(text: string) {
  const found = /^(?:(nats|tls):\/\/)?(.+)$/.exec(text);
  // As an http URL: the parser knows credentials, ports and IPv6 only for schemes that are its own.
  const parsed = found === null ? null : URL.parse(`http://${found[2]}`);
  if (found === null || parsed === null || parsed.hostname === "") throw refused(hint);
  if (parsed.pathname !== "/" || parsed.search !== "" || parsed.hash !== "") throw refused(hint);
  // The parser drops port 80 as http's own, so the port is read from the text.
  const port = /:(\d+)\/?$/.exec(found[2] ?? "")?.[1] ?? "4222";
  return {
    host: `${parsed.hostname}:${port}`,
    tls: found[1] === "tls",
    username: decoded(parsed.username),
    password: decoded(parsed.password),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused("a percent sign in the credentials of REVERIED_NATS_URL must be written %25");
  }
}

function credentialsOf({
  username,
  password,
}: {
  readonly username: string;
  readonly password: string;
}): NatsServers["credentials"] {
  if (username === "") return { kind: "none" };
  return password === ""
    ? { kind: "token", token: username }
    : { kind: "user", user: username, pass: password };
}

function refused(message: string): ReveriedError {
  return new ReveriedError("invalid_argument", message, { details: { field: "REVERIED_NATS_URL" } });
}
