// What every pursuit from a Gram is given.
// Declares: the bindings, K, KT, M4 and what `entry`, `best` and `wave` declare. Needs: nothing.
//#params rows: u32, begin: u32, row: u32, slot: u32, atom: u32, tolerance: f32, threshold: f32, most: u32, scratch: u32, weights: u32, selection: f32
//#if SCRATCHA
//#buffer A read_write vec4<f32>
//#else
//#buffer A read vec4<f32>
//#end
//#matrix G read
//#if HALVES
//#matrix H read
//#end
//#if CHECKED
//#buffer bounds read vec2<f32>
//#end
//#buffer energies read vec2<f32>
//#buffer indices read_write u32
//#buffer values read_write f32
//#include entry
//#include best
//#if PRUNED
//#include agreed
//#end
//#include wave
const K: u32 = $K;
const KT: u32 = $KT;
const M4: u32 = $M4;
