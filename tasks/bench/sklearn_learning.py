"""MiniBatchDictionaryLearning of scikit-learn, for sklearn_learning.ts.

usage: sklearn_learning.py DIRECTORY N M ROWS EPOCHS ALPHA

DIRECTORY holds rows.f32 (ROWS x N, centred) and atoms.f32 (M x N, the first atoms). Learns by coordinate descent, 256 rows a step,
on all BLAS threads; writes the atoms of unit length to learned.f32 and prints one JSON object: versions, wall and CPU seconds."""
import json
import os
import sys
import time

directory, *sizes = sys.argv[1:]
n, m, count, epochs = map(int, sizes[:4])
alpha = float(sizes[4])
os.environ.pop("OPENBLAS_CORETYPE", None)

import numpy as np  # noqa: E402  the variable above has to be gone first
import sklearn  # noqa: E402
from sklearn.decomposition import MiniBatchDictionaryLearning  # noqa: E402


def read(name, shape):
    return np.fromfile(f"{directory}/{name}", dtype=np.float32).reshape(shape)


def main():
    # In float32 its tolerance cannot be met: coordinate descent then takes all of its 1000 turns.
    rows = read("rows.f32", (count, n)).astype(np.float64)
    atoms = read("atoms.f32", (m, n)).astype(np.float64)
    learner = MiniBatchDictionaryLearning(
        m, alpha=alpha, max_iter=epochs, batch_size=256, dict_init=atoms, fit_algorithm="cd", random_state=0, tol=0,
        max_no_improvement=None)
    wall, cpu = time.perf_counter(), time.process_time()
    learned = learner.fit(rows).components_
    about = {
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "steps": int(learner.n_steps_),
        "seconds": time.perf_counter() - wall,
        "cpuSeconds": time.process_time() - cpu,
    }
    lengths = np.linalg.norm(learned, axis=1, keepdims=True)
    (learned / np.maximum(lengths, 1e-12)).astype(np.float32).tofile(f"{directory}/learned.f32")
    print(json.dumps(about))


main()
