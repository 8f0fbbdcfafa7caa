// A triangle of k(k + 1)/2 floats for each workgroup: in its own memory or, where that has no room, in scratch memory.
// Entries that another thread wrote may be read after $SYNC.
// Declares: TRIANGLE, place(i, j), factor(i, j), set_factor(i, j, value). Needs: entry, K; SCRATCHM: factors.
const TRIANGLE: u32 = K * (K + 1u) / 2u;
//#if !SCRATCHM
var<workgroup> triangle: array<f32, TRIANGLE>;
//#end

fn place(i: u32, j: u32) -> u32 { return i * (i + 1u) / 2u + j; }

fn factor(i: u32, j: u32) -> f32 {
//#if SCRATCHM
  return factors[own_group * TRIANGLE + place(i, j)];
//#else
  return triangle[place(i, j)];
//#end
}

fn set_factor(i: u32, j: u32, value: f32) {
//#if SCRATCHM
  factors[own_group * TRIANGLE + place(i, j)] = value;
//#else
  triangle[place(i, j)] = value;
//#end
}
