// The head of every kernel that gives a workgroup one row, atom or block: `t` is the thread, `group` the workgroup and
// `groups` their number, whatever the grid was folded into. A wave is a subgroup, or one thread where there are none.
const WG: u32 = $WG;

var<private> t: u32;
var<private> group: u32;
var<private> groups: u32;
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

struct Invocation {
  @builtin(local_invocation_index) t: u32,
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
//#if SUBGROUPS
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_size) lanes: u32,
  @builtin(subgroup_id) wave: u32,
  @builtin(num_subgroups) waves: u32,
//#end
}

fn enter(invocation: Invocation) {
  t = invocation.t;
  group = invocation.group.y * invocation.grid.x + invocation.group.x;
  groups = invocation.grid.x * invocation.grid.y;
//#if SUBGROUPS
  lane = invocation.lane;
  lanes = invocation.lanes;
  wave = invocation.wave;
  waves = invocation.waves;
//#else
  wave = t;
//#end
}
