// The greatest |value| of row `group` of Y, the same for every thread.
// Takes: group. Gives: most. Leaves: at its end, all threads with the same.
  var most = 0.0;
  for (var c = t; c < $N4; c += WG) {
    let y = abs(Y_at(group, c));
    most = max(most, max(max(y.x, y.y), max(y.z, y.w)));
  }
  most = workgroup_maximum(most);
