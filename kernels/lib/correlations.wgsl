// Takes row `index` of A for the search: into registers (element i of thread t is t + i·WG, rows are padded to fit), or
// into this workgroup's scratch row, behind those of A.
// Takes: index. Gives: SCRATCHA: scratch and a clear `barred`; else a0_0 … and barred0 …. Leaves: at its end.
//#if SCRATCHA
    let scratch = (p.scratch + group) * M4;
    for (var c = t; c < M4; c += WG) { A[scratch + c] = A[index * M4 + c]; }
    for (var b = t; b < $BARWORDS; b += WG) { barred[b] = 0u; }
    $SYNC;
//#else
//#for v in 0..VQ
//#for e in 0..VE
    var a$v_$e = A[index * M4 + t + ($v * $VE + $e) * WG];
//#end
    var barred$v = 0u;
//#end
//#end
