// Which atoms may not be chosen (again), where registers do not hold it; and how candidates compare.
// Declares: SCRATCHA: barred; what `sizes` declares. Needs: what `sizes` needs.
//#if SCRATCHA
var<workgroup> barred: array<u32, $BARWORDS>;
//#end
//#include sizes
