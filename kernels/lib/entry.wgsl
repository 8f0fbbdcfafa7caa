// What kernels begin with that give a workgroup one row, atom or block. `t` is the thread; a wave is a subgroup, or one
// thread where there are none. main takes `builtins` as its parameters and opens with `enter`.
// Declares: WG, t, own_group, lane, lanes, wave, waves. Needs: nothing.
const WG: u32 = $WG;

var<private> t: u32;
// The workgroup, for functions that look for its place in memory. Decisions take main's own `group`: the standard lets
// barriers stand only where all threads of a workgroup certainly come, and takes private variables to differ by thread.
var<private> own_group: u32;
//#if SUBGROUPS
var<private> lane: u32;
var<private> lanes: u32;
var<private> wave: u32;
var<private> waves: u32;
//#else
const lane: u32 = 0u;
const lanes: u32 = 1u;
const waves: u32 = WG;
var<private> wave: u32;
//#end
