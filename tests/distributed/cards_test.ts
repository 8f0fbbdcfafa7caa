import assert from "node:assert/strict";
import {
  checkCard,
  chooseCard,
  describeCard,
  type System,
  visibleCards,
} from "../../src/distributed/cards.ts";
import type { DbksvdError } from "../../src/errors.ts";

const CARDS = ["0000:01:00.0", "0000:41:00.0", "0000:c1:00.0"];

/** A machine with some cards, on which some device files are open. */
function machine(
  cards: string[],
  open: string[] = [],
  given: Record<string, string> = {},
  closed: string[] = [],
): System & { variables: Record<string, string> } {
  const variables = { ...given };
  return {
    variables,
    list: (directory) =>
      Promise.resolve(
        directory === "/proc/driver/nvidia/gpus"
          ? cards.toReversed()
          : open.map((_, i) => String(i)),
      ),
    read(file) {
      const minor = cards.findIndex((card) => file.includes(card));
      return Promise.resolve(
        `Model: \t\t NVIDIA H200\nIRQ:   \t\t 57\nDevice Minor: \t ${minor}\n`,
      );
    },
    opens: (file) => Promise.resolve(!closed.includes(file)),
    follow: (link) => Promise.resolve(open[Number(link.split("/").at(-1))]),
    env: (name) => variables[name],
    setEnv: (name, value) => variables[name] = value,
  };
}

const ENGINE = { kind: "gpu", name: "NVIDIA H200", software: false } as const;

Deno.test("each rank of a machine has a card of its own put first, by its PCI address", async () => {
  assert.deepEqual(
    (await visibleCards(machine(CARDS))).map(({ address }) => address),
    CARDS,
  );
  for (const [localRank, card] of [[0, 0], [1, 1], [2, 2], [4, 1]]) {
    const system = machine(CARDS);
    const chosen = await chooseCard({ localRank }, system);
    assert.equal(chosen?.address, CARDS[card]);
    assert.deepEqual(system.variables, {
      DRI_PRIME: `pci-${CARDS[card].replaceAll(/[:.]/g, "_")}`,
      MESA_VK_DEVICE_SELECT_FORCE_DEFAULT_DEVICE: "1",
    });
  }
});

Deno.test("one visible card, no card and the user's own choice are left alone", async () => {
  const one = machine(CARDS.slice(1, 2));
  assert.equal((await chooseCard({ localRank: 3 }, one))?.address, CARDS[1]);
  const own = machine(CARDS, [], { DRI_PRIME: "pci-0000_c1_00_0" });
  assert.equal(await chooseCard({ localRank: 0 }, own), undefined);
  assert.equal(await chooseCard({ localRank: 0 }, machine([])), undefined);
  assert.deepEqual(one.variables, {});
  assert.deepEqual(Object.keys(own.variables), ["DRI_PRIME"]);
});

Deno.test("of cards that the driver tells of, those count that may be opened: the others are of other jobs", async () => {
  const closed = ["/dev/nvidia0", "/dev/nvidia1"];
  const system = machine(CARDS, ["/dev/nvidia2"], {}, closed);
  const card = await chooseCard({ localRank: 0 }, system);
  assert.deepEqual([card?.address, card?.of], [CARDS[2], 1]);
  assert.deepEqual(system.variables, {});
  assert.equal((await checkCard(card!, ENGINE, system)).confirmed, true);
  const two = machine(CARDS, [], {}, closed.slice(0, 1));
  assert.equal((await chooseCard({ localRank: 0 }, two))?.address, CARDS[1]);
});

Deno.test("the opened card is known by its device file, by its name, or not at all", async () => {
  const checked = async (open: string[], engine = ENGINE as typeof ENGINE) => {
    const system = machine(CARDS, ["/dev/null", ...open]);
    const chosen = (await chooseCard({ localRank: 1 }, system))!;
    return await checkCard(chosen, engine, system);
  };
  const sure = await checked(["/dev/nvidiactl", "/dev/nvidia1"]);
  assert.equal(sure.confirmed, true);
  assert.equal(describeCard(sure), "NVIDIA H200 at 0000:41:00.0 of 3");
  for (const open of [[], ["/dev/nvidia0", "/dev/nvidia1"]]) {
    const unsure = await checked(open);
    assert.equal(unsure.confirmed, false);
    assert.match(describeCard(unsure), /not confirmed/);
  }
  const refused = (error: DbksvdError) =>
    error.kind === "device" &&
    /0000:41:00\.0 .*was chosen, but/.test(error.message);
  await assert.rejects(checked(["/dev/nvidia0"]), refused);
  const other = { ...ENGINE, name: "llvmpipe" } as unknown as typeof ENGINE;
  await assert.rejects(checked(["/dev/nvidia1"], other), refused);
});
