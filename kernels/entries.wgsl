// The atoms' lists with what their slots hold, side by side: the row and the coefficient of every entry.
// Bindings: values, KT slots a row · lists of slots by turn · entries. Dispatch: a thread an entry. Bytes: 16 an entry.
//#params keys: u32
//#buffer values read f32
//#buffer lists read u32
//#buffer entries read_write vec2<u32>
//#include entry
//#include lists

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let e = group * WG + t;
  if (e >= lists[p.keys]) { return; }
  let slot = lists[LISTS + e];
  entries[e] = vec2<u32>(slot / $KT, bitcast<u32>(values[slot]));
}
