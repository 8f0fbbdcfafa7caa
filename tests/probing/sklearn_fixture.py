"""Makes sklearn.json: what scikit-learn says of small, seeded data. Run by hand: python3 tests/probing/sklearn_fixture.py"""
import json
import pathlib
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score

warnings.filterwarnings("ignore")
KS = [1, 2, 5]
STRENGTHS = np.logspace(5, -5, 10)


def features(random, rows, positive, count):
    """Sparse, non-negative latents, of which the first ones know the class a little."""
    base = random.exponential(1.0, (rows, count)) * (random.random((rows, count)) < 0.25)
    weights = np.array([1.2, 0.8, 0.5, 0.3] + [0.0] * (count - 4))
    more = random.random((rows, count)) < 0.35
    return np.round(base + positive[:, None] * weights * more, 4)


def differences(x, y, normalised):
    if normalised:
        x = x / ((x.sum(0) / ((x != 0).sum(0) + 1e-6)) + 1e-6)
    return x[y == 1].mean(0) - x[y == 0].mean(0)


def order_of(x, y, normalised):
    return np.argsort(-np.abs(differences(x, y, normalised)), kind="stable")


def l1(c):
    return LogisticRegression(C=c, penalty="l1", solver="saga", max_iter=200000, tol=1e-9)


def strength(x, y):
    held = min(int(0.2 * len(x)), 100)
    areas = []
    for c in STRENGTHS:
        model = l1(c).fit(x[:-held], y[:-held])
        areas.append(roc_auc_score(y[-held:], model.decision_function(x[-held:])))
    return STRENGTHS[int(np.argmax(areas))]


def main():
    random = np.random.RandomState(7)
    y = random.permutation(np.r_[np.ones(120, int), np.zeros(120, int)])
    y2 = random.permutation(np.r_[np.ones(40, int), np.zeros(40, int)])
    x, x2 = features(random, 240, y, 12), features(random, 80, y2, 12)
    scores = []
    for k in KS:
        chosen, scaled = order_of(x, y, False)[:k], order_of(x, y, True)[:k]
        plain = LogisticRegression(C=1, tol=1e-10, max_iter=10000).fit(x[:, chosen], y)
        c = strength(x[:, scaled], y)
        sparse = l1(c).fit(x[:, scaled], y)
        scores.append({
            "k": k,
            "latents": chosen.tolist(),
            "weights": plain.coef_[0].tolist(),
            "bias": float(plain.intercept_[0]),
            "accuracy": plain.score(x2[:, chosen], y2),
            "auc": roc_auc_score(y2, plain.decision_function(x2[:, chosen])),
            "l1": {
                "latents": scaled.tolist(),
                "c": float(c),
                "weights": sparse.coef_[0].tolist(),
                "bias": float(sparse.intercept_[0]),
                "auc": roc_auc_score(y2, sparse.decision_function(x2[:, scaled])),
            },
        })
    dense = LogisticRegression(C=0.1, tol=1e-10, max_iter=10000).fit(x, y)
    weighted = LogisticRegression(C=0.1, class_weight={0: 1, 1: 3}, tol=1e-10, max_iter=10000).fit(x, y)
    fires = x2 > 0
    text = json.dumps({
        "train": {"rows": x.tolist(), "positive": y.tolist()},
        "test": {"rows": x2.tolist(), "positive": y2.tolist()},
        "scores": scores,
        "dense": {
            "weights": dense.coef_[0].tolist(),
            "bias": float(dense.intercept_[0]),
            "accuracy": dense.score(x2, y2),
            "auc": roc_auc_score(y2, dense.decision_function(x2)),
        },
        "weighted": {"weights": weighted.coef_[0].tolist(), "bias": float(weighted.intercept_[0])},
        "firing": [{
            "precision": precision_score(y2, fires[:, f]),
            "recall": recall_score(y2, fires[:, f]),
            "f1": f1_score(y2, fires[:, f]),
            "auc": roc_auc_score(y2, x2[:, f]),
        } for f in range(x2.shape[1])],
    }, indent=None)
    pathlib.Path(__file__).with_name("sklearn.json").write_text(text + "\n")


main()
