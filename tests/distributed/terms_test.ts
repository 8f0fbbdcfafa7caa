import assert from "node:assert/strict";
import { addTerms } from "../../src/distributed/halves.ts";
import { TermsAdder } from "../../src/distributed/terms.ts";
import { randomStream } from "../../src/random.ts";

type Constructor = Float64ArrayConstructor;

Deno.test("TermsAdder adds the terms of any number of ranks to the bits of addTerms()", () => {
  for (const Kind of [Float32Array, Float64Array] as Constructor[]) {
    for (const ranks of [1, 2, 3, 4, 7, 8, 13, 64]) {
      const adder = new TermsAdder(ranks);
      // Of growing and falling sizes, odd ones among them: the room stays, and what lay there is of no account.
      for (const length of [0, 1, 5, 2048, 30_001, 2]) {
        const random = randomStream(length, `${ranks}`);
        const { terms, stride, add } = adder.room(length, Kind);
        const plain = new Kind(length * ranks);
        for (let r = 0; r < ranks; r++) {
          for (let i = 0; i < length; i++) {
            const value = random.normal() * 10 ** (i % 7);
            plain[r * length + i] = terms[r * stride + i] = value;
          }
        }
        const what = `${Kind.name}, ${ranks} ranks of ${length}`;
        assert.equal(terms.length, ranks * stride, what);
        assert.deepEqual(new Kind(add()), addTerms(plain, ranks), what);
      }
    }
  }
});
