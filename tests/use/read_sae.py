"""Rebuilds rows with an exported autoencoder, from the documentation of each format alone: struct, json and zipfile.

usage: read_sae.py FORMAT DIRECTORY ROWS_JSON    prints the rebuilt rows as JSON
"""
import ast, json, math, os, struct, sys, zipfile


def safetensors(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        raw = data[8 + size + start:8 + size + end]
        code = {"F32": "f", "I32": "i"}[entry["dtype"]]
        tensors[name] = shaped(struct.unpack(f"<{len(raw) // 4}{code}", raw), entry["shape"])
    return tensors


def npz(path):
    tensors = {}
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            data = archive.read(name)
            assert data[:8] == b"\x93NUMPY\x01\x00"
            size = struct.unpack("<H", data[8:10])[0]
            header = ast.literal_eval(data[10:10 + size].decode())
            assert header["descr"] == "<f4" and not header["fortran_order"]
            raw = data[10 + size:]
            tensors[name[:-4]] = shaped(struct.unpack(f"<{len(raw) // 4}f", raw), header["shape"])
    return tensors


def shaped(flat, shape):
    if len(shape) < 2:
        return list(flat) if len(shape) == 1 else flat[0]
    rows, columns = shape
    assert len(flat) == rows * columns
    return [flat[r * columns:(r + 1) * columns] for r in range(rows)]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def linear(x, columns, bias):
    return [dot(x, column) + b for column, b in zip(columns, bias)]


def topk(pre, k):
    kept = set(sorted(range(len(pre)), key=lambda j: -pre[j])[:k])
    return [max(0.0, p) if j in kept else 0.0 for j, p in enumerate(pre)]


def pursuit(x, decoder, cfg):
    acts = [0.0] * len(decoder)
    residual = list(x)
    previous = set()
    for _ in range(cfg["max_iterations"] or len(x)):
        scores = [max(0.0, dot(residual, d)) for d in decoder]
        best = max(range(len(scores)), key=lambda j: scores[j])
        acts[best] += scores[best]
        residual = [r - scores[best] * d for r, d in zip(residual, decoder[best])]
        support = {j for j, a in enumerate(acts) if a != 0}
        if cfg["stop_on_duplicate_support"] and support == previous:
            break
        previous = support
        if cfg["residual_threshold"] > 0 and math.sqrt(dot(residual, residual)) < cfg["residual_threshold"]:
            break
    return acts


def decode(acts, decoder, bias):
    out = list(bias)
    for a, row in zip(acts, decoder):
        if a != 0:
            out = [o + a * d for o, d in zip(out, row)]
    return out


def saelens(directory, x):
    cfg = json.load(open(os.path.join(directory, "cfg.json")))
    w = safetensors(os.path.join(directory, "sae_weights.safetensors"))
    assert cfg["metadata"]["sae_lens_version"].split(".")[0] == "6"
    assert len(w["W_dec"]) == cfg["d_sae"] and len(w["b_dec"]) == cfg["d_in"]
    strict = {"matching_pursuit": {"W_dec", "b_dec"},
              "topk": {"W_enc", "W_dec", "b_enc", "b_dec"},
              "jumprelu": {"W_enc", "W_dec", "b_enc", "b_dec", "threshold"}}
    assert set(w) == strict[cfg["architecture"]]
    assert cfg["normalize_activations"] == "none"
    centred = [v - b for v, b in zip(x, w["b_dec"])] if cfg["apply_b_dec_to_input"] else x
    if cfg["architecture"] == "matching_pursuit":
        return decode(pursuit(centred, w["W_dec"], cfg), w["W_dec"], w["b_dec"])
    pre = linear(centred, list(zip(*w["W_enc"])), w["b_enc"])
    if cfg["architecture"] == "topk":
        acts = topk(pre, cfg["k"])
    else:
        acts = [p if p > max(0.0, t) else 0.0 for p, t in zip(pre, w["threshold"])]
    return decode(acts, w["W_dec"], w["b_dec"])


def sparsify(directory, x):
    cfg = json.load(open(os.path.join(directory, "cfg.json")))
    w = safetensors(os.path.join(directory, "sae.safetensors"))
    assert cfg["activation"] == "topk" and not cfg["transcode"] and cfg["num_latents"] == len(w["W_dec"])
    centred = [v - b for v, b in zip(x, w["b_dec"])]
    acts = topk(linear(centred, w["encoder.weight"], w["encoder.bias"]), cfg["k"])
    return decode(acts, w["W_dec"], w["b_dec"])


def dictionary_learning(directory, x):
    trainer = json.load(open(os.path.join(directory, "config.json")))["trainer"]
    w = safetensors(os.path.join(directory, "ae.safetensors"))
    assert trainer["dict_class"] == "AutoEncoderTopK" and trainer["k"] == w["k"]
    assert trainer["activation_dim"] == len(x) and trainer["dict_size"] == len(w["encoder.weight"])
    centred = [v - b for v, b in zip(x, w["b_dec"])]
    acts = topk(linear(centred, w["encoder.weight"], w["encoder.bias"]), w["k"])
    return decode(acts, list(zip(*w["decoder.weight"])), w["b_dec"])


def batch_topk(directory, x):
    trainer = json.load(open(os.path.join(directory, "config.json")))["trainer"]
    w = safetensors(os.path.join(directory, "ae.safetensors"))
    centred = [v - b for v, b in zip(x, w["b_dec"])]
    if trainer["dict_class"] == "MatryoshkaBatchTopKSAE":
        assert sum(w["group_sizes"]) == len(w["W_dec"]) and trainer["group_sizes"] == list(w["group_sizes"])
        pre, decoder = linear(centred, list(zip(*w["W_enc"])), w["b_enc"]), w["W_dec"]
    else:
        assert trainer["dict_class"] == "BatchTopKSAE"
        pre, decoder = linear(centred, w["encoder.weight"], w["encoder.bias"]), list(zip(*w["decoder.weight"]))
    return decode([p if p > max(0.0, w["threshold"]) else 0.0 for p in pre], decoder, w["b_dec"])


def gemma_scope(directory, x):
    w = npz(os.path.join(directory, "params.npz"))
    pre = linear(x, list(zip(*w["W_enc"])), w["b_enc"])
    acts = [max(0.0, p) if p > t else 0.0 for p, t in zip(pre, w["threshold"])]
    return decode(acts, w["W_dec"], w["b_dec"])


READERS = {"saelens-mp": saelens, "saelens-topk": saelens, "saelens-jumprelu": saelens,
           "sparsify": sparsify, "dictionary-learning": dictionary_learning, "gemma-scope": gemma_scope,
           "dictionary-learning-batchtopk": batch_topk, "dictionary-learning-matryoshka": batch_topk}
read = READERS[sys.argv[1]]
print(json.dumps([read(sys.argv[2], row) for row in json.loads(sys.argv[3])]))
