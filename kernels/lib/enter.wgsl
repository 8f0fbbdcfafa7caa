// `group` is the workgroup and `groups` their number, whatever the grid was folded into.
// Takes: the parameters of `builtins`. Gives: group, groups, and what `entry` declares. Leaves: at its end.
  let group = workgroup_id.y * num_workgroups.x + workgroup_id.x;
  let groups = num_workgroups.x * num_workgroups.y;
  t = local_invocation_index;
  own_group = group;
//#if SUBGROUPS
  lane = subgroup_invocation_id;
  lanes = subgroup_size;
  wave = subgroup_id;
  waves = num_subgroups;
//#else
  wave = local_invocation_index;
//#end
