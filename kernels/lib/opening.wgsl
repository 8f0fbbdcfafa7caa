// Begins row `index` of a pursuit: where it ends by itself, its correlations, no atoms yet.
// Takes: index. Gives: row, slots, energy, enough, negligible, count, what `correlations` gives; CHECKED: margin.
// Leaves: at its end.
    let row = p.row + index;
    let slots = row * KT + p.slot;
    let whole_energy = energies[row].y;
    var energy = energies[row].x;
    let enough = p.tolerance * p.tolerance * whole_energy;
    let negligible = bitcast<u32>(max($FLOOR * sqrt(whole_energy), p.threshold));
//#include correlations
    var count = 0u;
//#if CHECKED
    var margin = 0.0;
//#end
