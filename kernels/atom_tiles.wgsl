// Σ x_i R_i of an atom batch and Σ x_i², as atom_sum makes them in the first power step, for batches so dense that rows
// use several of their atoms: each row is read once, a tile of rows and columns at a time, and the tile is gone over by
// every atom's entries in it. Sums are by chunks of rows, in a fixed order.
// Bindings: R rows × n4 · lists by turn · counts, where each atom's entries of a sort block of rows begin in its list,
// blocks × keys · entries, row and coefficient · sums, (atoms of the batch × chunks) × n4 · alongs, one for each of
// them.
// Dispatch: ⌈n4 / ACROSS⌉ × chunks workgroups. Bytes: 4n a row, and 8 an entry for each ACROSS columns. Flops: 2n a
// nonzero.
//#params rows: u32, begin: u32, end: u32, keys: u32, block: u32, blocks: u32, chunk: u32
//#matrix R read
//#buffer lists read u32
//#buffer counts read u32
//#buffer entries read vec2<u32>
//#matrix sums read_write
//#buffer alongs read_write f32
const WG: u32 = $WG;
const ACROSS: u32 = $ACROSS;    // elements of a tile's row, each a thread's
const CREWS: u32 = $CREWS;      // threads that share an element: each crew has its own atoms
const DEEP: u32 = $DEEP;        // rows of a tile
const MANY: u32 = 4u;           // entries of an atom in a tile from which on they are taken four at a time
var<workgroup> tile: array<array<vec4<f32>, ACROSS>, DEEP>;

// An entry, brought in ahead of its turn; none comes after the last.
fn entry_at(q: u32, end: u32) -> vec2<u32> {
  return select(vec2<u32>(0xffffffffu), entries[q], q < end);
}

@compute @workgroup_size(WG) fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) t: u32,
) {
  let across = t % ACROSS;
  let crew = t / ACROSS;
  let column = group.x * ACROSS + across;
  let inside = column < $N4;
  let first = group.y * p.chunk;
  let row0 = first * p.block;
  let row1 = min(row0 + p.chunk * p.block, p.rows);
//#for a in 0..ATOMS
  let turn$a = p.begin + $a * CREWS + crew;
  var q$a = 0u;
  var end$a = 0u;
  if (turn$a < p.end) {
    q$a = lists[turn$a] + counts[first * p.keys + turn$a];
    end$a = lists[turn$a + 1u];
    if (first + p.chunk < p.blocks) {
      end$a = lists[turn$a] + counts[(first + p.chunk) * p.keys + turn$a];
    }
  }
  var next$a = entry_at(q$a, end$a);
  let many$a = end$a - q$a > MANY * (row1 - row0) / DEEP;
  var sum$a = vec4<f32>();
  var along$a = 0.0;
//#end
//#for i in 0..LOADS
  var r$i = vec4<f32>();
  if (inside && row0 + $i * CREWS + crew < row1) { r$i = R_at(row0 + $i * CREWS + crew, column); }
//#end
  for (var base = row0; base < row1; base += DEEP) {
//#for i in 0..LOADS
    tile[$i * CREWS + crew][across] = r$i;
//#end
    workgroupBarrier();
    // The next tile is on its way while this one is gone over.
    let following = base + DEEP;
//#for i in 0..LOADS
    if (inside && following + $i * CREWS + crew < row1) {
      r$i = R_at(following + $i * CREWS + crew, column);
    }
//#end
//#for a in 0..ATOMS
    if (many$a) {
      while (q$a + 4u <= end$a) {
//#for e in 0..4
        let entry$e = entries[q$a + $e];
//#end
        if (entry3.x >= following) { break; }
//#for e in 0..4
        let x$e = bitcast<f32>(entry$e.y);
        let y$e = tile[entry$e.x - base][across];
//#end
        sum$a += x0 * y0 + x1 * y1 + x2 * y2 + x3 * y3;
        along$a += x0 * x0 + x1 * x1 + x2 * x2 + x3 * x3;
        q$a += 4u;
      }
      next$a = entry_at(q$a, end$a);
    }
    while (next$a.x < following) {
      let x = bitcast<f32>(next$a.y);
      let y = tile[next$a.x - base][across];
      q$a++;
      next$a = entry_at(q$a, end$a);
      sum$a += x * y;
      along$a += x * x;
    }
//#end
    workgroupBarrier();
  }
//#for a in 0..ATOMS
  if (turn$a < p.end) {
    let piece = (turn$a - p.begin) * groups.y + group.y;
    if (inside) { sums_put(piece, column, sum$a); }
    if (group.x == 0u && across == 0u) { alongs[piece] = along$a; }
  }
//#end
}
