// Which atoms may not be chosen (again), where registers do not hold it; and how candidates compare.
//#if SCRATCHA
var<workgroup> barred: array<u32, $BARWORDS>;
//#end
//#include sizes
