// R ← R − X·D over one group of atoms, a slice of columns after the other: what all workgroups at work read of the
// atoms at a time is small enough for much of it to stay in the caches next to them. The result of residual.wgsl,
// without the energies.
// Bindings: indices and values, KT slots a row, K from `slot` · D m × n4 · R rows × n4.
// Dispatch: for each slice of ACROSS elements a workgroup for every DOWN rows, the rows of a slice first.
// Bytes: 8n a row, 8 a nonzero and slice, and 4n a nonzero (atoms, from cache). Flops: 2nk a row.
//#params rows: u32, slot: u32, blocks: u32
//#buffer indices read u32
//#buffer values read f32
//#matrix D read
//#matrix R read_write
//#include entry
const K: u32 = $K;
const ACROSS: u32 = $ACROSS;
const DOWN: u32 = $DOWN;
// Codes that are brought in at a time: a power of two.
const PIECE: u32 = $PIECE;
const NONE: u32 = 0xffffffffu;

// Atom and coefficient, PIECE for each row, padded by one against bank conflicts. After a row's last code comes NONE.
var<workgroup> codes: array<vec2<u32>, DOWN * (PIECE + 1u)>;

// Slots that hold no atom count for nothing; where four of them are read together, the first one tells.
fn code_at(row: u32, s: u32) -> vec2<u32> {
  if (s >= K) { return vec2<u32>(select(0u, NONE, (s & 3u) == 0u), 0u); }
  let place = row * $KT + p.slot + s;
  let atom = indices[place];
  if (atom == NONE) { return vec2<u32>(select(0u, NONE, (s & 3u) == 0u), 0u); }
  return vec2<u32>(atom, bitcast<u32>(values[place]));
}

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let slice = group / p.blocks;
  let row0 = (group - slice * p.blocks) * DOWN;
  let own = t / ACROSS;
  let row = min(row0 + own, p.rows - 1u);
  let column = slice * ACROSS + t % ACROSS;
  let c = min(column, $N4 - 1u);
  var r = R_at(row, c);
  for (var s0 = 0u; s0 < K; s0 += PIECE) {
    for (var i = t; i < DOWN * PIECE; i += WG) {
      let down = i / PIECE;
      let s = i % PIECE;
      codes[down * (PIECE + 1u) + s] = code_at(min(row0 + down, p.rows - 1u), s0 + s);
    }
    workgroupBarrier();
    let first = own * (PIECE + 1u);
    for (var s = 0u; s < PIECE; s += 4u) {
//#for e in 0..4
      let code$e = codes[first + s + $e];
//#end
      if (code0.x == NONE) { break; }
//#for e in 0..4
      let d$e = D_at(code$e.x, c);
//#end
//#for e in 0..4
      r -= bitcast<f32>(code$e.y) * d$e;
//#end
    }
    workgroupBarrier();
  }
  if (row0 + own < p.rows && column < $N4) { R_put(row, c, r); }
}
