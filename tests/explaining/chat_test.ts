import assert from "node:assert/strict";
import { Chat, type ChatOptions } from "../../src/explaining/chat.ts";
import { endpointAt } from "../../src/explaining/endpoint.ts";
import { verdictQuestion } from "../../src/explaining/prompts.ts";
import { DbksvdError } from "../../src/errors.ts";
import {
  broken,
  dripping,
  endless,
  type Fault,
  FaultServer,
  silence,
  status,
} from "../net/fault_server.ts";
import { chatAnswer } from "./oracle.ts";

const KEY = "sk-do-not-tell";
const QUESTION = verdictQuestion("detection", "rain", ["a", "b"]);

/** Asks a server with a fault. */
async function ask(
  fault: Fault,
  options: Partial<ChatOptions> = {},
  server: FaultServer = new FaultServer(),
) {
  await using asked = server;
  asked.fault = fault;
  const chat = new Chat(endpointAt(`${asked.url}/v1/?q=s3cret`, KEY), {
    ...{ model: "m", maxRequests: 50, rate: 1e9, maxTokens: 9 },
    ...{ timeoutMs: 2000, wait: () => 1, ...options },
  });
  const answer = await chat.ask(QUESTION);
  return { answer, chat, seen: asked.seen };
}

async function assertFails(
  kind: DbksvdError["kind"],
  message: RegExp,
  requests: number,
  fault: Fault,
  options: Partial<ChatOptions> = {},
) {
  const server = new FaultServer();
  await assert.rejects(ask(fault, options, server), (error: DbksvdError) => {
    assert(error instanceof DbksvdError);
    assert.equal(error.kind, kind, error.message);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /do-not-tell|s3cret/);
    return true;
  });
  assert.equal(server.seen.length, requests);
}

const fine = () => chatAnswer("[1, 0]");
/** A fault for the first request; the next are answered. */
const once = (fault: Fault): Fault => (request, count, sound) =>
  count === 1 ? fault(request, count, sound) : fine();

/** An error as OpenAI gives it. */
function openAiError(code: number, error: object): Response {
  return Response.json({ error }, { status: code });
}

Deno.test("a chat is asked with its key, model and form of answer, and with nothing that is for inputs", async () => {
  Deno.env.set("DBKSVD_HTTP_HEADERS", "X-Input-Secret: s3cret");
  try {
    const { answer, seen, chat } = await ask(fine);
    assert.equal(answer, "[1, 0]");
    const [{ method, path, headers, body }] = seen;
    assert.deepEqual([method, path], ["POST", "/v1/chat/completions"]);
    assert.equal(headers.get("authorization"), `Bearer ${KEY}`);
    assert.equal(headers.get("x-input-secret"), null);
    const sent = JSON.parse(body);
    assert.deepEqual(
      [sent.model, sent.temperature, sent.seed, sent.max_tokens],
      ["m", 0, 0, 9],
    );
    assert.equal(sent.response_format.type, "json_schema");
    assert.equal(sent.response_format.json_schema.strict, true);
    assert.equal(chat.texts, 2);
    assert(!body.includes(KEY));
  } finally {
    Deno.env.delete("DBKSVD_HTTP_HEADERS");
  }
});

Deno.test("what may pass is waited for: 408, 409, 429, 5xx, cut transfers, junk in place of a chat's answer", async () => {
  const faults: Fault[] = [
    () => status(408),
    () => status(409),
    () => status(429),
    () => status(500),
    () => status(503),
    () => broken(fine()),
    () => new Response("<html>patience</html>"),
    () => Response.json({ choices: [] }),
    () => Response.json([]),
    () => new Response('{"choices": [{'),
  ];
  for (const fault of faults) {
    const { answer, chat } = await ask(once(fault));
    assert.equal(answer, "[1, 0]");
    assert.equal(chat.requests, 2, "repeated requests count");
  }
  await assertFails(
    "run",
    /failed 6 times.*500.*try again later/,
    6,
    () => status(500),
  );
  await assertFails(
    "run",
    /something else than a chat's/,
    6,
    () => new Response("hm"),
  );
});

Deno.test("Retry-After is heeded, in seconds and in milliseconds", async () => {
  for (const headers of [{ "retry-after": "1" }, { "retry-after-ms": "600" }]) {
    const times: number[] = [];
    await ask((_, count) => {
      times.push(performance.now());
      return count === 1 ? status(429, headers) : fine();
    });
    assert(times[1] - times[0] > 550, JSON.stringify(headers));
  }
});

Deno.test("a server without an answer, or with one that stands still, is given up", async () => {
  const quick = { timeoutMs: 300 };
  const { answer } = await ask(once(silence), quick);
  assert.equal(answer, "[1, 0]");
  const { answer: next } = await ask(
    once(() => dripping(fine(), 1, 50)),
    quick,
  );
  assert.equal(next, "[1, 0]");
  // One that is slow, but gets on, is not.
  const long = "x".repeat(20_000);
  const slow = () => dripping(chatAnswer(long), 800, 30);
  const { answer: whole, chat } = await ask(slow, quick);
  assert.equal(whole, long);
  assert.equal(chat.requests, 1);
});

Deno.test("an answer of over 1 MiB, and a redirect, end it at once", async () => {
  await assertFails(
    "data",
    /more than 1048576 bytes/,
    1,
    () => endless(fine()),
  );
  await assertFails(
    "data",
    /redirects what is sent/,
    1,
    () => status(307, { location: "http://localhost:1/" }),
  );
});

Deno.test("a quota that is used up is never asked again", async () => {
  const message = "You exceeded your current quota";
  for (
    const answer of [
      () => openAiError(429, { message, code: "insufficient_quota" }),
      () => openAiError(429, { message, type: "insufficient_quota" }),
      () => openAiError(402, { message: "Insufficient credits" }),
    ]
  ) await assertFails("run", /no quota left/, 1, answer);
});

Deno.test("texts that a server's filter refuses get no answer, and end nothing", async () => {
  const message = "The response was filtered; seed, temperature";
  for (const code of ["content_filter", "content_policy_violation"]) {
    const { answer, seen, chat } = await ask(
      once(() => openAiError(400, { message, code })),
    );
    assert.deepEqual([answer, seen.length], ["", 1]);
    assert("temperature" in JSON.parse(seen[0].body));
    assert.equal(chat.requests, 1);
  }
});

Deno.test("a server that does not know a field is asked without it, from then on", async () => {
  const cases: [string, (body: Record<string, unknown>) => boolean][] = [
    ["response_format is unknown", (body) => "response_format" in body],
    ["hm", (body) => "response_format" in body],
    [
      "Unsupported: 'max_tokens', use 'max_completion_tokens'",
      (body) => "max_tokens" in body,
    ],
    ["'temperature' does not support 0", (body) => "temperature" in body],
    ["seed is not permitted", (body) => "seed" in body],
  ];
  for (const [message, isBad] of cases) {
    await using server = new FaultServer();
    server.fault = (_, count) =>
      isBad(JSON.parse(server.seen[count - 1].body))
        ? openAiError(400, { message })
        : fine();
    const chat = new Chat(endpointAt(server.url), {
      ...{ model: "m", maxRequests: 9, rate: 1e9, maxTokens: 9 },
      ...{ timeoutMs: 2000, wait: () => 1 },
    });
    assert.equal(await chat.ask(QUESTION), "[1, 0]", message);
    await chat.ask(QUESTION);
    assert.equal(server.seen.length, 3, message);
    const last = JSON.parse(server.seen[2].body);
    const fields = ["response_format", "temperature", "seed"];
    const left = fields.filter((field) => field in last).length;
    assert.equal(left, message.includes("max_tokens") ? 3 : 2, message);
  }
});

Deno.test("what asking again does not mend is said in the server's words, without the key", async () => {
  await assertFails(
    "usage",
    /404, no model "m" for … .*check the address/,
    1,
    () => openAiError(404, { message: `no model "m"\nfor ${KEY}` }),
  );
  await assertFails(
    "usage",
    /refuses the request \(400, too long\)/,
    2,
    () => openAiError(400, { message: "too long" }),
  );
  await assertFails(
    "run",
    /401.*check the key in DBKSVD_EXPLAIN_KEY/,
    1,
    () => openAiError(401, { message: `Incorrect API key provided: ${KEY}` }),
  );
  await assertFails("data", /answers 418/, 1, () => status(418));
});

Deno.test("no request is made beyond the limit, repeated ones included", async () => {
  await assertFails("run", /limit of 3 requests/, 3, () => status(500), {
    maxRequests: 3,
  });
});

Deno.test("an answer that was cut off is counted", async () => {
  const choices = [{ message: { content: "[1" }, finish_reason: "length" }];
  const { answer, chat } = await ask(() => chatAnswer("", { choices }));
  assert.deepEqual([answer, chat.cut], ["[1", 1]);
  const nothing = [{ message: { content: null } }];
  const { answer: empty } = await ask(() =>
    chatAnswer("", { choices: nothing })
  );
  assert.equal(empty, "");
});
