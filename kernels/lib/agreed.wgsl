// Gives a value back that all threads hold alike, as one that may decide where barriers stand: the standard cannot see
// that what comes from workgroup memory or from subgroups is the same for all. It does what a workgroupBarrier() does,
// too.
// Declares: agreed(value). Needs: nothing.
var<workgroup> agreed_value: u32;

fn agreed(value: u32) -> u32 {
  if (t == 0u) { agreed_value = value; }
  return workgroupUniformLoad(&agreed_value);
}
