"""DB-KSVD's step in NumPy, for `deno task bench --device cpu --peer`: the same rows, first atoms, order and atom batches as ours.

usage: numpy_dbksvd.py DIRECTORY N M K ROWS BATCH THREADS RUNS [--core NAME]

DIRECTORY holds rows.f32 (ROWS x N), atoms.f32 (M x N) and order.u32 (M). A step: Gram; for 256 rows at a time correlations and
pursuit (OMP in its progressive form, or MP of K steps) and coefficients; residual; atom batches of approximate K-SVD. Prints one
JSON object: the library and the core that it is written for, and for omp and mp the best run's wall and CPU milliseconds and what
was left of the rows. OPENBLAS_CORETYPE is unset, so that the library chooses for itself, unless --core names one."""
import json
import os
import sys
import time

directory, *sizes = sys.argv[1:9]
n, m, k, count, batch, threads, runs = map(int, sizes)
os.environ.pop("OPENBLAS_CORETYPE", None)
if "--core" in sys.argv:
    os.environ["OPENBLAS_CORETYPE"] = sys.argv[sys.argv.index("--core") + 1]
for name in ("OPENBLAS", "OMP", "MKL", "VECLIB"):
    suffix = "MAXIMUM_THREADS" if name == "VECLIB" else "NUM_THREADS"
    os.environ[f"{name}_{suffix}"] = str(threads)

import numpy as np  # noqa: E402  the variables above have to be set first

CHUNK = 256


def library():
    """The BLAS that NumPy loaded, by what it says of itself."""
    import ctypes
    try:
        lines = open("/proc/self/maps").read().split("\n")
    except OSError:
        return "unknown"
    np.ones((8, 8)) @ np.ones((8, 8))
    for path in sorted({line.split()[-1] for line in lines if "blas" in line and ".so" in line}):
        try:
            loaded = ctypes.CDLL(path)
        except OSError:
            continue
        for ask in ("openblas_get_config", "openblas_get_config64_", "scipy_openblas_get_config64_"):
            if hasattr(loaded, ask):
                config = getattr(loaded, ask)
                core = getattr(loaded, ask.replace("config", "corename"))
                config.restype = core.restype = ctypes.c_char_p
                return f"{' '.join(config().decode().split()[:2])}, {core().decode()}"
    return "unknown"


def omp(correlations, gram):
    left, rows = correlations.copy(), len(correlations)
    each = np.arange(rows)
    basis = np.zeros((rows, k, m), np.float32)
    support = np.zeros((rows, k), np.int64)
    for step in range(k):
        atom = np.abs(left).argmax(1)
        support[:, step] = atom
        newest = gram[atom]
        if step > 0:
            known = basis[each[:, None], np.arange(step)[None], atom[:, None]]
            newest -= (known[:, None, :] @ basis[:, :step])[:, 0]
        newest /= np.sqrt(np.maximum(newest[each, atom], 1e-8))[:, None]
        basis[:, step] = newest
        left -= (left[each, atom] / newest[each, atom])[:, None] * newest
    systems = gram[support[:, :, None], support[:, None, :]] + 1e-6 * np.eye(k, dtype=np.float32)
    right = np.take_along_axis(correlations, support, 1)[..., None]
    return support, np.linalg.solve(systems, right)[..., 0]


def mp(correlations, gram):
    left, rows = correlations.copy(), len(correlations)
    each = np.arange(rows)
    support, values = np.zeros((rows, k), np.int64), np.zeros((rows, k), np.float32)
    for step in range(k):
        atom = np.abs(left).argmax(1)
        amount = left[each, atom]
        left -= amount[:, None] * gram[atom]
        support[:, step], values[:, step] = atom, amount
    return support, values


def code(pursue, rows, dictionary):
    gram = dictionary @ dictionary.T
    support, values = np.zeros((count, k), np.int64), np.zeros((count, k), np.float32)
    for at in range(0, count, CHUNK):
        chunk = slice(at, at + CHUNK)
        support[chunk], values[chunk] = pursue(rows[chunk] @ dictionary.T, gram)
    return support, values


def update(residual, dictionary, support, values, order):
    atoms = support.ravel()
    uses = np.argsort(atoms, kind="stable")
    starts = np.searchsorted(atoms[uses], np.arange(m + 1))
    x = values.ravel()
    for at in range(0, m, batch):
        moved = []
        for atom in order[at:at + batch]:
            slots = uses[starts[atom]:starts[atom + 1]]
            if len(slots) == 0:
                continue
            rows, own = slots // k, x[slots]
            theirs = residual[rows]
            direction = own @ theirs + (own @ own) * dictionary[atom]
            direction /= max(np.linalg.norm(direction), 1e-12)
            moved.append((atom, slots, rows, direction, theirs @ direction + (direction @ dictionary[atom]) * own))
        for atom, slots, rows, direction, own in moved:
            residual[rows] += np.outer(x[slots], dictionary[atom]) - np.outer(own, direction)
            dictionary[atom], x[slots] = direction, own


def step(pursue, rows, first, order):
    dictionary = first.copy()
    support, values = code(pursue, rows, dictionary)
    residual = rows.copy()
    for at in range(0, count, CHUNK):
        chunk = slice(at, at + CHUNK)
        residual[chunk] -= (values[chunk, None, :] @ dictionary[support[chunk]])[:, 0]
    update(residual, dictionary, support, values, order)
    return float((residual.astype(np.float64) ** 2).sum() / (rows.astype(np.float64) ** 2).sum())


def read(name, shape, kind):
    return np.fromfile(f"{directory}/{name}", dtype=kind).reshape(shape)


def main():
    rows = read("rows.f32", (count, n), np.float32)
    atoms = read("atoms.f32", (m, n), np.float32)
    order = read("order.u32", (m,), np.uint32)
    answer = {"library": library(), "numpy": np.__version__, "threads": threads}
    for name, pursue in (("omp", omp), ("mp", mp)):
        walls, spent, left = [], [], 0.0
        for _ in range(runs):
            wall, cpu = time.perf_counter(), time.process_time()
            left = step(pursue, rows, atoms, order)
            spent.append(1e3 * (time.process_time() - cpu))
            walls.append(1e3 * (time.perf_counter() - wall))
        answer[name] = {"milliseconds": min(walls), "cpuMilliseconds": min(spent), "left": left}
    print(json.dumps(answer))


main()
