"""Reads a cache of activations as delphi does, with NumPy alone: per latent, its windows by their maxima.

python3 read_delphi.py CACHE/latents/HOOK WINDOW
"""

import json
import pathlib
import sys

import numpy as np

TYPES = {"U16": np.uint16, "U32": np.uint32, "F16": np.float16, "I64": np.int64}


def load(path):
    data = path.read_bytes()
    head = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + head]).items():
        if name == "__metadata__":
            continue
        start, end = (8 + head + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[start:end], TYPES[entry["dtype"]])
        tensors[name] = tensors[name].reshape(entry["shape"])
    return tensors


folder, window = pathlib.Path(sys.argv[1]), int(sys.argv[2])
config = json.loads((folder / "config.json").read_text())
latents, tokens = {}, None
bounds = []
for path in folder.glob("*.safetensors"):
    first, last = map(int, path.stem.split("_"))
    bounds.append((first, last))
    file = load(path)
    locations = file["locations"].astype(np.int64)
    if tokens is not None:
        assert np.array_equal(tokens, file["tokens"])
    tokens = file["tokens"]
    assert tokens.shape[1] == config["cache_ctx_len"]
    assert tokens.size == config["n_tokens"]
    assert locations[:, 2].max(initial=0) <= last - first
    for latent in np.unique(locations[:, 2]):
        own = locations[:, 2] == latent
        flat = locations[own, 0] * tokens.shape[1] + locations[own, 1]
        # Windows are known apart by where the number of the window changes.
        assert (np.diff(flat) > 0).all(), "a latent's places do not rise"
        values = file["activations"][own].astype(np.float64)
        best = {}
        for place, value in zip(flat // window, values):
            best[int(place)] = max(best.get(int(place), 0.0), value)
        place = flat[values.argmax()]
        latents[str(first + latent)] = {
            "uses": int(own.sum()),
            "windows": len(best),
            "largest": float(values.max()),
            "token": int(tokens.reshape(-1)[place]),
        }
bounds.sort()
assert bounds[0][0] == 0
assert all(a[1] + 1 == b[0] for a, b in zip(bounds, bounds[1:]))
print(json.dumps({"latents": latents, "end": bounds[-1][1], "config": config}))
