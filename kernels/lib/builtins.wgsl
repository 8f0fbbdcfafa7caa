// main's parameters: one by one, as a struct counts as differing from thread to thread where any of its members does.
// Stands in main's parameter list; `enter` takes them.
  @builtin(local_invocation_index) local_invocation_index: u32,
  @builtin(workgroup_id) workgroup_id: vec3<u32>,
  @builtin(num_workgroups) num_workgroups: vec3<u32>,
//#if SUBGROUPS
  @builtin(subgroup_invocation_id) subgroup_invocation_id: u32,
  @builtin(subgroup_size) subgroup_size: u32,
  @builtin(subgroup_id) subgroup_id: u32,
  @builtin(num_subgroups) num_subgroups: u32,
//#end
