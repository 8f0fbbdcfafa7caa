// C = X·Zᵀ for rows of X and Z (correlations: rows and atoms; Gram: atoms twice), in tiles held in registers.
// Bindings: X … × n4 · Z … × n4 · C … × stride floats. Rows of Z beyond `columns` count as zeros: tiles that reach beyond the
// last row load that one in their place, so that the loop asks for nothing, and what came of it is left out when written.
// Dispatch: ⌈columns to write / BN⌉ × ⌈rows / BM⌉ workgroups of BM/TM × BN/TN threads.
// With half = 1 tiles under the diagonal are left out: half the work where X and Z are the same.
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
const XGAP: u32 = $XGAP;       // row groups of 4 between a thread's results
const ZGAP: u32 = $ZGAP;
const ACROSS: u32 = $ACROSS;   // threads across a tile

// [row group of 4][k], padded by one column against bank conflicts; inner indices are constants.
var<workgroup> xs: array<array<vec4<f32>, $KPAD>, $XGROUPS>;
var<workgroup> zs: array<array<vec4<f32>, $KPAD>, $ZGROUPS>;

@compute @workgroup_size(THREADS) fn main(
  @builtin(workgroup_id) tile: vec3<u32>,
  @builtin(local_invocation_index) t: u32,
) {
  let tx = t % ACROSS;
  let ty = t / ACROSS;
  let row0 = tile.y * BM;
  let column0 = tile.x * BN;
  if (p.half == 1u && column0 + BN <= row0) { return; }
//#for i in 0..XLOADS
  let xr$i = (t + $i * THREADS) / KV;
  let xq$i = (t + $i * THREADS) % KV;
  let xi$i = (p.x + min(row0 + xr$i, p.rows - 1u)) * K4 + xq$i;
  var xv$i = vec4<f32>();
  if (WHOLE || xq$i < K4) { xv$i = X[xi$i]; }
//#end
//#for i in 0..ZLOADS
  let zr$i = (t + $i * THREADS) / KV;
  let zq$i = (t + $i * THREADS) % KV;
  let zi$i = (p.z + min(column0 + zr$i, p.columns - 1u)) * K4 + zq$i;
  var zv$i = vec4<f32>();
  if (WHOLE || zq$i < K4) { zv$i = Z[zi$i]; }
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
    {
      let g = xr$i >> 2u;
      let lane = xr$i & 3u;
//#for c in 0..4
      xs[g][xq$i * 4u + $c][lane] = xv$i[$c];
//#end
    }
//#end
//#for i in 0..ZLOADS
    {
      let g = zr$i >> 2u;
      let lane = zr$i & 3u;
//#for c in 0..4
      zs[g][zq$i * 4u + $c][lane] = zv$i[$c];
//#end
    }
//#end
    workgroupBarrier();
    // The next K tile is on its way while this one is multiplied.
    let k1 = k0 + KV;
    if (k1 < K4) {
//#for i in 0..XLOADS
//#if WHOLE
      xv$i = X[xi$i + k1];
//#else
      if (k1 + xq$i < K4) { xv$i = X[xi$i + k1]; } else { xv$i = vec4<f32>(); }
//#end
//#end
//#for i in 0..ZLOADS
//#if WHOLE
      zv$i = Z[zi$i + k1];
//#else
      if (k1 + zq$i < K4) { zv$i = Z[zi$i + k1]; } else { zv$i = vec4<f32>(); }
//#end
//#end
    }
//#for k in 0..BK
    {
//#for g in 0..TMQ
      let a$g = xs[ty + $g * XGAP][$k];
//#end
//#for h in 0..TNQ
      let b$h = zs[tx + $h * ZGAP][$k];
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
    let row = row0 + (ty + $g * XGAP) * 4u + $c;
    if (row < p.rows) {
//#for h in 0..TNQ
      {
        let column = column0 + (tx + $h * ZGAP) * 4u;
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
