import assert from "node:assert/strict";
import { Chat, type ChatOptions } from "../../src/explaining/chat.ts";
import { endpointAt } from "../../src/explaining/endpoint.ts";
import { type NamedLatent, nameLatents } from "../../src/explaining/explain.ts";
import { gather } from "../../src/explaining/gather.ts";
import { planNames, type Wanted } from "../../src/explaining/plan.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import type { RowSource } from "../../src/rows/source.ts";
import { status } from "../net/fault_server.ts";
import { CPU, smallProblem } from "../use/helpers.ts";
import { type Asked, askedIn, ChatServer, rightAnswer } from "./oracle.ts";
import { withTexts, withTokens } from "./oracle.ts";

const CHAT: ChatOptions = {
  ...{ model: "oracle", maxRequests: 10_000, rate: 1e9, maxTokens: 100 },
  ...{ timeoutMs: 5000, wait: () => 1 },
};

/** Names a model's latents by what a server says. */
async function named(
  model: DictionaryModel,
  source: RowSource,
  server: ChatServer,
  wanted: Wanted = { atoms: 6 },
  options: Partial<ChatOptions> = {},
  onName?: (name: NamedLatent) => void,
  atOnce = 3,
) {
  const gathered = await gather(model, source, { ...CPU, by: "code" });
  const scores = source.readItems === undefined ? 1 : 2;
  const plan = planNames(model, gathered, wanted, scores);
  const chat = new Chat(endpointAt(server.url), { ...CHAT, ...options });
  const column = { column: "text" };
  const naming = await nameLatents(
    ...[plan.latents, gathered, source, column, chat] as const,
    { atOnce, onName },
  );
  return { plan, naming, chat };
}

const keyOf = ({ atom, sign }: Pick<NamedLatent, "atom" | "sign">) =>
  `a${atom}${sign}`;

/** The marker words of some kind in the texts of requests. */
function words(asked: Asked[], pattern: RegExp): Set<string> {
  return new Set(
    asked.flatMap(({ texts }) =>
      texts.flatMap((text) => text.match(pattern) ?? [])
    ),
  );
}

/** Checks, for every name, that what it was scored on was not shown for it. */
function assertApart(server: ChatServer, names: NamedLatent[], mark: RegExp) {
  for (const name of names) {
    const key = keyOf(name);
    const shown = server.asked.filter((asked) =>
      asked.kind === "name" && rightAnswer(asked).includes(`"${key}"`)
    );
    const scored = server.asked.filter((asked) => asked.name === key);
    assert(shown.length === 1 && scored.length >= 4, key);
    const seen = words(shown, mark);
    for (const word of words(scored, mark)) assert(!seen.has(word), word);
  }
}

Deno.test("names are found from texts that use a latent, by sign, and scored on texts that were not shown", async () => {
  const { model, source: bare } = smallProblem(4000);
  const source = await withTexts(model, bare);
  await using server = new ChatServer();
  const { plan, naming, chat } = await named(model, source, server);
  assert.equal(naming.names.length, 12);
  for (const name of naming.names) {
    assert.equal(name.label, keyOf(name));
    assert.equal(name.shown, 20);
    assert.deepEqual(name.detection, {
      balancedAccuracy: 1,
      ...{ active: 10, activeRight: 10, inactive: 10, inactiveRight: 10 },
    });
    assert.equal(name.fuzzing, undefined);
  }
  assertApart(server, naming.names, /row\d+/g);
  assert.equal(chat.requests, plan.requests);
  assert.equal(chat.texts, plan.texts);
  assert.deepEqual(chat.tokens, { prompt: 7 * 60, completion: 3 * 60 });
});

Deno.test("where rows are tokens, active ones are marked, texts are whole texts apart, and marks are scored too", async () => {
  const { model, source: bare } = smallProblem(6000);
  const source = await withTokens(model, bare);
  await using server = new ChatServer();
  const { naming } = await named(model, source, server, { atoms: 4 });
  assert.equal(naming.names.length, 8);
  for (const name of naming.names) {
    assert.equal(name.label, keyOf(name));
    assert.equal(name.detection?.balancedAccuracy, 1, name.label);
    assert.equal(name.fuzzing?.balancedAccuracy, 1, name.label);
    assert.equal(name.fuzzing.inactive, 10);
  }
  assertApart(server, naming.names, /text\d+/g);
  for (const { body } of server.seen) {
    if (askedIn(body).kind !== "name") continue;
    const lines: string = JSON.parse(body).messages.at(-1).content;
    const levels = [...lines.matchAll(/strength (\d+):/g)].map(([, n]) => +n);
    assert.deepEqual(levels, levels.toSorted((a, b) => b - a));
    assert(levels.at(-1)! < levels[0], "weak texts are shown too");
  }
  const marks = server.asked.filter(({ kind }) => kind === "fuzzing")
    .flatMap(({ texts }) => texts);
  assert(
    marks.every((text) => text.includes("<<")),
    "inactive texts have marks",
  );
});

Deno.test("a score says how far verdicts are right: 0.5 for one who always says yes, 0 for one who is always wrong", async () => {
  const { model, source: bare } = smallProblem(3000);
  const source = await withTexts(model, bare);
  const score = async (change: (right: number[]) => number[]) => {
    await using server = new ChatServer((asked) => {
      const right = rightAnswer(asked);
      if (asked.kind === "name") return right;
      return JSON.stringify({ answers: change(JSON.parse(right).answers) });
    });
    const { naming } = await named(model, source, server, {
      atoms: 1,
      list: [{ atom: 3, sign: "-" }],
    });
    return naming.names[0].detection;
  };
  assert.equal((await score((all) => all.map(() => 1)))?.balancedAccuracy, 0.5);
  assert.equal(
    (await score((all) => all.map((one) => 1 - one)))?.balancedAccuracy,
    0,
  );
  // Verdicts on another number of texts count for nothing.
  assert.equal(await score((all) => all.slice(1)), undefined);
});

Deno.test("an answer without a name is asked for once more; then the latent goes without", async () => {
  const { model, source: bare } = smallProblem(3000);
  const source = await withTexts(model, bare);
  let refusals = 0;
  await using server = new ChatServer((asked) => {
    if (asked.kind !== "name") return rightAnswer(asked);
    const of = JSON.parse(rightAnswer(asked)).name;
    if (of === "a3-") return `{"name": "${"x".repeat(300)}"}`;
    return of === "a4+" && refusals++ === 0
      ? "I cannot say."
      : rightAnswer(asked);
  });
  const list = [{ atom: 3 }, { atom: 4 }];
  const { naming, chat } = await named(model, source, server, {
    atoms: 1,
    list,
  });
  assert.deepEqual(naming.names.map(keyOf), ["a3+", "a4+", "a4-"]);
  assert.deepEqual(naming.noAnswer.map(keyOf), ["a3-"]);
  assert.equal(chat.requests, 3 * 5 + 1 + 2);
});

Deno.test("as many latents are named side by side as are asked for, more than files are read at once, too", async () => {
  const { model, source: bare } = smallProblem(3000);
  const source = await withTexts(model, bare);
  await using server = new ChatServer();
  const sound = server.fault;
  const { promise: allAsked, resolve } = Promise.withResolvers<void>();
  server.fault = async (request, count, file) => {
    if (count === 12) resolve();
    await allAsked;
    return await sound(request, count, file)!;
  };
  const { naming, chat } = await named(
    ...[model, source, server, { atoms: 6 }, {}] as const,
    ...[undefined, 12] as const,
  );
  assert.equal(naming.names.length, 12);
  // None of them had to wait for another, until it was given up and asked again.
  assert.equal(chat.requests, 12 * 5);
});

Deno.test("no latent is begun that the requests left do not suffice for", async () => {
  const { model, source: bare } = smallProblem(3000);
  const source = await withTexts(model, bare);
  await using server = new ChatServer();
  const { naming, chat } = await named(model, source, server, { atoms: 6 }, {
    maxRequests: 17,
  });
  assert.equal(naming.names.length, 3);
  assert.equal(naming.left, 9);
  assert.equal(chat.requests, 15);
});

Deno.test("once a request fails for good, no further latent is begun; those at work come to their end and are reported", async () => {
  const { model, source: bare } = smallProblem(3000);
  const source = await withTexts(model, bare);
  await using server = new ChatServer();
  const sound = server.fault;
  server.fault = (request, count, file) =>
    count === 7 ? status(402) : sound(request, count, file);
  const names: string[] = [];
  await assert.rejects(
    named(model, source, server, { atoms: 6 }, {}, (name) => {
      names.push(name.label);
    }),
    /no quota left/,
  );
  assert(server.seen.length <= 20, `${server.seen.length} requests`);
  assert(names.length >= 2);
});

Deno.test("planNames() takes the most used atoms, and leaves alone what is named by hand, named or hardly used", async () => {
  const { model, source } = smallProblem(2000);
  const gathered = await gather(model, source, { ...CPU, by: "code" });
  const { uses } = gathered;
  uses[2 * 7] = 9;
  const labels = {
    "3": "by hand",
    "4": [{ label: "x", source: "model", sign: "+" }],
    "5": [{ label: "y", source: "hand", sign: "-" }],
  } as const;
  const plan = (wanted: Partial<Wanted>) => {
    const list = [3, 4, 5, 7, 5].map((atom) => ({ atom }));
    const named = { atoms: model.atoms, labels };
    const of = planNames(named, gathered, { atoms: 1, list, ...wanted }, 1);
    return { of, keys: of.latents.map(keyOf) };
  };
  const first = plan({});
  assert.deepEqual(first.keys, ["a4-", "a5+", "a7-"]);
  assert.deepEqual(first.of.leftAlone, {
    ...{ named: 3, namedOtherwise: 1, tooFewRows: 1 },
  });
  assert.deepEqual(plan({ renew: true }).keys, ["a4+", "a4-", "a5+", "a7-"]);
  const unsigned = { ...gathered, sides: 1 } as const;
  const side = (sign?: "+" | "-") => () =>
    planNames(
      { atoms: model.atoms },
      unsigned,
      { atoms: 1, list: [{ atom: 3, ...sign && { sign } }], renew: true },
      1,
    );
  assert.throws(side("-"), /Atom 3 has no negative side/);
  assert.doesNotThrow(side("+"));
  const most = planNames({ atoms: model.atoms }, gathered, { atoms: 2 }, 2);
  const total = (atom: number) => uses[2 * atom] + uses[2 * atom + 1];
  const order = Array.from({ length: model.atoms }, (_, atom) => atom)
    .sort((a, b) => total(b) - total(a));
  assert.deepEqual(
    most.latents.map(({ atom }) => atom),
    [order[0], order[0], order[1], order[1]],
  );
  assert.throws(() => plan({ list: [{ atom: 24 }] }), /There is no atom 24/);
});
