// C = X·Zᵀ for rows of X and Z (correlations: rows and atoms; Gram: atoms twice), in tiles held in registers.
// Bindings: X … × n4 · Z … × n4 · C … × stride floats. Rows of Z beyond `columns` count as zeros: tiles that reach
// beyond the last row load that one in their place, so that the loop asks for nothing, and what came of it is left out
// when written.
// Dispatch: ⌈columns to write / BN⌉ × ⌈rows / BM⌉ workgroups of BM/TM × BN/TN threads (powers of two). With half = 1
// tiles under the diagonal are left out: half the work where X and Z are the same.
// Bytes: 4n(rows + columns) once from memory, 4·rows·columns written. Flops: 2n·rows·columns.
//#params rows: u32, columns: u32, width: u32, x: u32, z: u32, row: u32, column: u32, stride: u32, half: u32
//#buffer X read vec4<f32>
//#buffer Z read vec4<f32>
//#buffer C read_write $CELEMENT
const K4: u32 = $N4;
const BM: u32 = $BM;
const BN: u32 = $BN;
const THREADS: u32 = $THREADS;
const WHOLE: bool = $WHOLE;    // no K tile reaches beyond a row
const KV: u32 = $KV;           // elements of a K tile
const DOWN: u32 = $DOWN;       // threads down and across a tile: row groups of 4 between a thread's results
const ACROSS: u32 = $ACROSS;
const PASS: u32 = $PASS;       // row groups that all threads bring in at once

// Row groups, each with its floats by k and one column more against bank conflicts. They lie on shelves as long as the
// lesser of what a pass and a thread's results are apart, so that where a group lies is a constant but for one place
// that a thread stores at and one that it reads from: every other would cost it a clamp and an address.
const XSHELF: u32 = $XSHELF;
const ZSHELF: u32 = $ZSHELF;
const XSET: u32 = $XSET;       // the greater of the two
const ZSET: u32 = $ZSET;
var<workgroup> xs: array<array<array<array<vec4<f32>, $KPAD>, XSHELF>, XSET / XSHELF>, $XGROUPS / XSET>;
var<workgroup> zs: array<array<array<array<vec4<f32>, $KPAD>, ZSHELF>, ZSET / ZSHELF>, $ZGROUPS / ZSET>;

@compute @workgroup_size(THREADS) fn main(
  @builtin(workgroup_id) tile: vec3<u32>,
  @builtin(local_invocation_index) t: u32,
) {
  // Neighbours share columns of the tile, the next but one rows: what both read is read from workgroup memory once.
  let tx = (t >> 1u) % ACROSS;
  let ty = (2u * (t / (2u * ACROSS)) + (t & 1u)) % DOWN;
  let stored = t / KV;
  let quad = t % KV;
  let shelf = (stored >> 2u) % PASS;
  let lane = stored & 3u;
  let row0 = tile.y * BM;
  let column0 = tile.x * BN;
  if (p.half == 1u && column0 + BN <= row0) { return; }
//#for i in 0..XLOADS
  let xi$i = (p.x + min(row0 + stored + $i * 4u * PASS, p.rows - 1u)) * K4 + quad;
  var xv$i = vec4<f32>();
  if (WHOLE || quad < K4) { xv$i = X[xi$i]; }
//#end
//#for i in 0..ZLOADS
  let zi$i = (p.z + min(column0 + stored + $i * 4u * PASS, p.columns - 1u)) * K4 + quad;
  var zv$i = vec4<f32>();
  if (WHOLE || quad < K4) { zv$i = Z[zi$i]; }
//#end
//#for g in 0..TMQ
//#for c in 0..4
//#for h in 0..TNQ
  var c$g_$c_$h = vec4<f32>();
//#end
//#end
//#end
  for (var k0 = 0u; k0 < K4; k0 += KV) {
//#for i in 0..XLOADS
//#for c in 0..4
    xs[$i * PASS / XSET][$i * PASS % XSET / XSHELF + shelf / XSHELF][shelf % XSHELF][quad * 4u + $c][lane] = xv$i[$c];
//#end
//#end
//#for i in 0..ZLOADS
//#for c in 0..4
    zs[$i * PASS / ZSET][$i * PASS % ZSET / ZSHELF + shelf / ZSHELF][shelf % ZSHELF][quad * 4u + $c][lane] = zv$i[$c];
//#end
//#end
    workgroupBarrier();
    // The next K tile is on its way while this one is multiplied.
    let k1 = k0 + KV;
    if (k1 < K4) {
//#for i in 0..XLOADS
//#if WHOLE
      xv$i = X[xi$i + k1];
//#else
      if (k1 + quad < K4) { xv$i = X[xi$i + k1]; } else { xv$i = vec4<f32>(); }
//#end
//#end
//#for i in 0..ZLOADS
//#if WHOLE
      zv$i = Z[zi$i + k1];
//#else
      if (k1 + quad < K4) { zv$i = Z[zi$i + k1]; } else { zv$i = vec4<f32>(); }
//#end
//#end
    }
//#for k in 0..BK
    {
//#for g in 0..TMQ
      let a$g = xs[$g * DOWN / XSET][$g * DOWN % XSET / XSHELF + ty / XSHELF][ty % XSHELF][$k];
//#end
//#for h in 0..TNQ
      let b$h = zs[$h * ACROSS / ZSET][$h * ACROSS % ZSET / ZSHELF + tx / ZSHELF][tx % ZSHELF][$k];
//#end
//#for g in 0..TMQ
//#for c in 0..4
//#for h in 0..TNQ
      c$g_$c_$h = fma(vec4<f32>(a$g[$c]), b$h, c$g_$c_$h);
//#end
//#end
//#end
    }
//#end
    workgroupBarrier();
  }
//#for g in 0..TMQ
//#for c in 0..4
  {
    let row = row0 + (ty + $g * DOWN) * 4u + $c;
    if (row < p.rows) {
//#for h in 0..TNQ
      {
        let column = column0 + (tx + $h * ACROSS) * 4u;
//#if ALIGNED
        if (column < p.width) {
          let inside = vec4<u32>(column) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(p.columns);
          C[((p.row + row) * p.stride + p.column + column) >> 2u] =
            select(vec4<f32>(), c$g_$c_$h, inside);
        }
//#else
//#for e in 0..4
        if (column + $e < p.width) {
          C[(p.row + row) * p.stride + p.column + column + $e] =
            select(0.0, c$g_$c_$h[$e], column + $e < p.columns);
        }
//#end
//#end
      }
//#end
    }
  }
//#end
//#end
}
