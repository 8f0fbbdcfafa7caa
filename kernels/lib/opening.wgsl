// Begins row `index` of a pursuit: where it ends by itself, its correlations, no atoms yet.
    let row = p.row + index;
    let slots = row * KT + p.slot;
    var energy = energies[row];
    let enough = p.tolerance * p.tolerance * wholes[row];
    let negligible = bitcast<u32>($FLOOR * sqrt(wholes[row]));
//#include correlations
    var count = 0u;
//#if CHECKED
    var margin = 0.0;
//#end
