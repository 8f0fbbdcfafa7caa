// Reductions that every wave makes for itself, without a barrier: all waves get the same where they are given the same.
// Declares: wave_sum, wave_min, wave_max. Needs: nothing.
//#if SUBGROUPS
fn wave_sum(value: f32) -> f32 { return subgroupAdd(value); }
fn wave_min(value: u32) -> u32 { return subgroupMin(value); }
fn wave_max(value: f32) -> f32 { return subgroupMax(value); }
//#else
fn wave_sum(value: f32) -> f32 { return value; }
fn wave_min(value: u32) -> u32 { return value; }
fn wave_max(value: f32) -> f32 { return value; }
//#end
