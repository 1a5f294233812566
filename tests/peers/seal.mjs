// The seal once more, from schemas/SEAL.md alone, on node:crypto alone. A job as JSON on standard
// input, its answer on standard output. Documents have their keys in the schema's order.
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify } from "node:crypto";

const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const b64 = (bytes) => Buffer.from(bytes).toString("base64url");
const un64 = (text) => {
  const bytes = Buffer.from(text, "base64url");
  if (b64(bytes) !== text) throw new Error("not canonical base64url");
  return bytes;
};
const framed = (text) => {
  const bytes = Buffer.from(text, "utf8");
  const size = Buffer.alloc(2);
  size.writeUInt16BE(bytes.length);
  return Buffer.concat([size, bytes]);
};
const byte = (number) => Buffer.from([number]);

// Section 3: numbers, strings and booleans of JSON.stringify are those of RFC 8785.
const isContainer = (value) =>
  value !== null && typeof value === "object" && parts(value, "").length > 0;
const parts = (value, path) =>
  Array.isArray(value)
    ? value.map((each, index) => [String(index), `${path}[${index}]`, each])
    : Object.keys(value).map((name) => [name, path ? `${path}.${name}` : name, value[name]])
        .filter(([, , each]) => each !== null);
const leafJson = (value) =>
  typeof value === "object" ? (Array.isArray(value) ? "[]" : "{}") : JSON.stringify(value);
const strip = (document) => {
  const { delivery, seal, ...envelope } = document.envelope;
  return { ...document, envelope };
};

const saltOf = (salt, name) => sha256(byte(2), salt, Buffer.from(name, "utf8")).subarray(0, 16);
const digestOf = (value, path, salt, leaves) => {
  if (!isContainer(value)) {
    const json = leafJson(value);
    const digest = sha256(byte(0), salt, framed(path), Buffer.from(json, "utf8"));
    if (leaves) leaves[path] = { salt: b64(salt), json, digest: b64(digest) };
    return digest;
  }
  const found = parts(value, path).map(([name, at, each]) =>
    Buffer.concat([framed(name), digestOf(each, at, saltOf(salt, name), leaves)]));
  return sha256(byte(1), ...found);
};

// Section 6: the walk, from an original (salts known) or of a copy (salts and digests given).
const boundaries = (path) => {
  const found = [];
  for (let at = 0; at < path.length; at++) if (path[at] === "." || path[at] === "[") found.push(path.slice(0, at));
  return found;
};
const walk = (document, hidden, visit) => {
  const listed = new Set(hidden);
  const opened = new Set(hidden.flatMap(boundaries));
  const met = new Set();
  const container = (value, path, salt) => {
    const names = Array.isArray(value)
      ? value.map((each, index) => [String(index), `${path}[${index}]`, each])
      : Object.keys(value).map((name) => [name, path ? `${path}.${name}` : name, value[name]]);
    const found = [];
    for (const [name, at, each] of names) {
      const own = salt === null ? null : saltOf(salt, name);
      let digest;
      if (listed.has(at) && (each !== null || visit.isCopy)) {
        met.add(at);
        digest = visit.hidden(each, at, own);
      } else if (each === null) continue;
      else if (opened.has(at) && typeof each === "object") digest = container(each, at, own);
      else digest = visit.shown(each, at, own);
      found.push(Buffer.concat([framed(name), digest]));
    }
    return sha256(byte(1), ...found);
  };
  const root = container(document, "", visit.seed);
  if (met.size !== listed.size) throw new Error("a listed path is not there");
  return root;
};
const cut = (text, size) => {
  const whole = Buffer.concat(text.map(un64));
  if (whole.length % size) throw new Error("not whole");
  return Array.from({ length: whole.length / size }, (_, index) => whole.subarray(index * size, index * size + size));
};
const pack = (values) => {
  const whole = Buffer.concat(values);
  const found = [];
  for (let at = 0; at < whole.length; at += 48000) found.push(b64(whole.subarray(at, at + 48000)));
  return found;
};

// RFC 8785 for the payloads, whose values are strings and small numbers.
const canonical = (object) => JSON.stringify(Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1))));
const payloadOf = (envelope, root) => canonical({
  bus: envelope.bus, case: envelope.case_id, message: envelope.message_id, root: b64(root), sender: envelope.sender,
});
const thumbprint = (jwk) => b64(sha256(Buffer.from(
  jwk.kty === "EC" ? canonical({ crv: jwk.crv, kty: "EC", x: jwk.x, y: jwk.y }) : canonical({ crv: jwk.crv, kty: "OKP", x: jwk.x }))));
const algorithm = (jwk) => (jwk.kty === "EC" ? "ES256" : "Ed25519");
const hash = (jwk) => (jwk.kty === "EC" ? "sha256" : null);
const jwsOf = (payload, type, jwk, schema) => {
  const header = { alg: algorithm(jwk), kid: thumbprint(jwk), typ: type };
  if (schema) header.schema = schema;
  const first = b64(canonical(header));
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  const input = Buffer.from(`${first}.${b64(payload)}`);
  return `${first}..${b64(sign(hash(jwk), input, { key, dsaEncoding: "ieee-p1363" }))}`;
};
const holds = (jws, payload, type, jwk, schema) => {
  const [first, empty, last, ...more] = jws.split(".");
  if (empty !== "" || more.length) return false;
  const header = JSON.parse(un64(first));
  const wanted = { alg: algorithm(jwk), kid: thumbprint(jwk), typ: type, ...(schema ? { schema } : {}) };
  if (canonical(header) !== canonical(wanted)) return false;
  const key = createPublicKey({ key: jwk, format: "jwk" });
  return verify(hash(jwk), Buffer.from(`${first}.${b64(payload)}`), { key, dsaEncoding: "ieee-p1363" }, un64(last));
};

// Section 7, by RFC 9162, 2.1.3.2.
const batchRoot = (digest, position, size, way) => {
  let index = position, last = size - 1, node = digest;
  for (const sibling of way) {
    if (last === 0) throw new Error("too long");
    while (index % 2 === 0 && index === last) { index >>= 1; last >>= 1; }
    node = index % 2 ? sha256(byte(1), sibling, node) : sha256(byte(1), node, sibling);
    index >>= 1; last >>= 1;
  }
  while (last) { if (index % 2 || index < last) throw new Error("too short"); index >>= 1; last >>= 1; }
  return node;
};

const jobs = {
  seal({ document, jwk, schema, seed }) {
    const own = seed ? un64(seed) : randomBytes(16);
    const leaves = {};
    const root = digestOf(strip(document), "", own, leaves);
    const payload = payloadOf(document.envelope, root);
    return { seed: b64(own), root: b64(root), payload, leaves, jws: jwsOf(payload, "yichuan-seal-2", jwk, schema) };
  },
  verify({ document, jwk, schema, seed, jws }) {
    const leaves = {};
    const root = digestOf(strip(document), "", un64(seed), leaves);
    const payload = payloadOf(document.envelope, root);
    return { root: b64(root), leaves, payload, valid: holds(jws, payload, "yichuan-seal-2", jwk, schema) };
  },
  prove({ document, seed, hidden }) {
    const salts = [], digests = [];
    const root = walk(strip(document), hidden, {
      seed: un64(seed), isCopy: false,
      hidden(value, path, salt) { const digest = digestOf(value, path, salt); digests.push(digest); return digest; },
      shown(value, path, salt) { salts.push(salt); return digestOf(value, path, salt); },
    });
    return { root: b64(root), salts: pack(salts), digests: pack(digests) };
  },
  check({ document, jwk, schema, withheld, masked, salts, digests, jws }) {
    const given = cut(salts, 16), left = cut(digests, 32);
    const gone = new Set(withheld);
    const take = (list) => { if (!list.length) throw new Error("used up"); return list.shift(); };
    const root = walk(strip(document), [...withheld, ...masked], {
      seed: null, isCopy: true,
      hidden(value, path) {
        if (gone.has(path) !== (value === null || (Array.isArray(value) && !value.length && gone.has(path)))) throw new Error("shown though withheld");
        return take(left);
      },
      shown: (value, path) => digestOf(value, path, take(given)),
    });
    if (given.length || left.length) throw new Error("more than is used");
    const payload = payloadOf(document.envelope, root);
    return { root: b64(root), valid: holds(jws, payload, "yichuan-seal-2", jwk, schema) };
  },
  // Section 11: what opens some leaves of an original, and whether such leaves are the sender's.
  open({ document, seed, paths }) {
    const opened = new Set(paths), above = new Set(paths.flatMap(boundaries));
    const parts_ = [], fields = [];
    const whole = (value, path, salt) => {
      if (isContainer(value)) return parts(value, path).forEach(([name, at, each]) => whole(each, at, saltOf(salt, name)));
      parts_.push({ path, digest: b64(digestOf(value, path, salt)) });
      fields.push({ path, value: leafJson(value), salt: b64(salt) });
    };
    const walk_ = (value, path, salt) => parts(value, path).forEach(([name, at, each]) => {
      const own = saltOf(salt, name);
      if (opened.has(at)) whole(each, at, own);
      else if (above.has(at) && isContainer(each)) walk_(each, at, own);
      else parts_.push({ path: at, digest: b64(digestOf(each, at, own)) });
    });
    walk_(strip(document), "", un64(seed));
    return { parts: parts_, fields };
  },
  opened({ bus, message, jwk }) {
    const listed = new Map(message.parts.map(({ path, digest }) => [path, un64(digest)]));
    if (listed.size !== message.parts.length) throw new Error("a path is listed twice");
    const form = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*|\[(0|[1-9][0-9]*)\])*$/;
    for (const path of listed.keys()) if (!form.test(path)) throw new Error("no path");
    for (const path of listed.keys()) if (boundaries(path).some((each) => listed.has(each))) throw new Error("below a part");
    if (!message.fields.length) throw new Error("nothing is opened");
    for (const { path, value, salt } of message.fields) {
      const own = un64(salt);
      const digest = sha256(byte(0), own, framed(path), Buffer.from(value, "utf8"));
      if (own.length !== 16 || !listed.has(path) || !digest.equals(listed.get(path))) throw new Error("not what was sealed");
    }
    const tree = new Map();
    for (const [path, digest] of listed) {
      const names = path.match(/[^.[\]]+/g);
      let place = tree;
      for (const name of names.slice(0, -1)) {
        if (!place.has(name)) place.set(name, new Map());
        place = place.get(name);
      }
      place.set(names.at(-1), digest);
    }
    const rootOf = (place) => sha256(byte(1), ...[...place].map(([name, each]) =>
      Buffer.concat([framed(name), each instanceof Map ? rootOf(each) : each])));
    const root = rootOf(tree);
    const payload = canonical({ bus, case: message.message_case, message: message.message, root: b64(root), sender: message.author });
    return { root: b64(root), valid: holds(message.jws, payload, "yichuan-seal-2", jwk, message.schema) };
  },
  vouched({ schema, unvouched, vouched, bus, jwk }) {
    const [jws, position, size, way] = vouched.split("~");
    const leaf = sha256(byte(0), Buffer.from(schema, "hex"), un64(unvouched));
    const root = batchRoot(leaf, Number(position), Number(size), cut([way], 32));
    const payload = canonical({ bus, root: b64(root), size: Number(size) });
    return { leaf: b64(leaf), root: b64(root), valid: holds(jws, payload, "yichuan-batch-1", jwk) };
  },
};

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const asked = JSON.parse(Buffer.concat(chunks));
const answers = asked.map(({ job, ...rest }) => {
  try { return jobs[job](rest); } catch (error) { return { valid: false, error: String(error.message) }; }
});
process.stdout.write(JSON.stringify(answers));
