// What every pursuit from a Gram is given.
//#params rows: u32, begin: u32, row: u32, slot: u32, atom: u32, tolerance: f32, most: u32
//#buffer A read vec4<f32>
//#matrix G read
//#if HALVES
//#matrix H read
//#end
//#if CHECKED
//#buffer bounds read vec2<f32>
//#end
//#buffer energies read f32
//#buffer wholes read f32
//#buffer indices read_write u32
//#buffer values read_write f32
//#if SCRATCHA
//#buffer work read_write vec4<f32>
//#end
//#include entry
//#include best
//#include wave
const K: u32 = $K;
const KT: u32 = $KT;
const M4: u32 = $M4;
