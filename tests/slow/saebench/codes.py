"""Codes rows with exported dictionaries and tells how far the codes are from those of dbksvd.

usage: codes.py FOLDER    with FOLDER/rows.f32 and, a folder a case, sae/ (an export), indices.u32, values.f32
prints one JSON document, a case a key
"""
import importlib
import json
import os
import sys

import numpy as np
import torch

folder = sys.argv[1]
cases = sorted(name for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name)))
sys.path.insert(0, os.path.join(folder, cases[0], "sae"))
DbksvdSAE = importlib.import_module("dbksvd_sae").DbksvdSAE


def raw(*path, dtype="<f4"):
    return np.fromfile(os.path.join(folder, *path), dtype=dtype)


def dense(case, rows, sae):
    """What dbksvd stored, as latents of [D; -D]."""
    indices, values = raw(case, "indices.u32", dtype="<u4"), raw(case, "values.f32")
    indices, values = indices.reshape(rows, -1).astype(np.int64), values.reshape(rows, -1)
    used = indices != 0xFFFFFFFF
    atoms = len(sae.W_dec) // 2
    latents = np.where(values < 0, indices + atoms, indices)
    codes = np.zeros((rows, len(sae.W_dec)), np.float32)
    row = np.broadcast_to(np.arange(rows)[:, None], indices.shape)
    codes[row[used], latents[used]] = np.abs(values[used])
    return codes


def case(name):
    sae = DbksvdSAE(os.path.join(folder, name, "sae"))
    rows = torch.from_numpy(raw("rows.f32").reshape(-1, sae.cfg.d_in))
    ours = dense(name, len(rows), sae)
    sae.chunk_bytes = 2**24  # several chunks
    codes = sae.encode(rows)
    found = codes.numpy()
    same = ((found != 0) == (ours != 0)).all(1)
    far = np.abs(found - ours)[same].max(initial=0) / np.abs(ours).max()
    variance = (rows - rows.mean(0)).square().sum()
    fvu = lambda z: float((rows - sae.decode(z)).square().sum() / variance)
    stacked = sae.encode(rows[:24].reshape(2, 3, 4, -1))
    exact = {
        "rows": len(rows),
        "latents": int(found.shape[1]),
        "l0": float((found != 0).sum(1).mean()),
        "sameSupport": int(same.sum()),
        "furthest": float(far),
        "fvu": fvu(codes),
        "ourFvu": fvu(torch.from_numpy(ours)),
        "leastCode": float(found.min()),
        "leadingDimensions": list(stacked.shape),
        "sameWithLeadingDimensions": bool((stacked.reshape(24, -1) - codes[:24]).abs().max() < 1e-4 * codes.max()),
    }
    few = rows[:200]
    sae.to(dtype=torch.bfloat16)
    half = sae.encode(few.to(torch.bfloat16))
    exact["halfDtypes"] = sorted({str(half.dtype), str(sae.decode(half).dtype), str(sae.W_dec.dtype)})
    exact["pursuitDtype"] = str(sae._pursuit.groups[0].atoms.dtype)
    error = lambda z: float((few - sae.decode(z).float()).square().sum() / few.square().sum())
    exact["halfError"], exact["error"] = error(half), error(codes[:200])
    sae.to(torch.float32)
    for group in sae._pursuit.groups:
        group.most_gram = 0
    back = sae.encode(few[:50])
    exact["furthestWithoutGram"] = float((back - codes[:50]).abs().max() / codes.max())
    return exact


torch.set_num_threads(1)
print(json.dumps({name: case(name) for name in cases}))
