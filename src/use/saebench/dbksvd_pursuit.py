"""How dbksvd codes rows: orthogonal matching pursuit with all of its dials, and matching pursuit, in PyTorch."""
import json
from fractions import Fraction
from typing import List, Optional

import torch
from dbksvd_solve import (
    DEPENDENT_PIVOT,
    Swaps,
    accurate,
    least_squares,
    nonnegative_least_squares,
)

# The same as in dbksvd (src/thresholds.ts).
NEGLIGIBLE_CORRELATION = 1e-5
MP_STEPS_PER_NONZERO = 4


class Pursuit:
    """Codes rows as dbksvd does; its settings stand in the dictionary's metadata."""

    def __init__(self, atoms: torch.Tensor, usage: torch.Tensor, scale: float, coder: dict):
        self.atoms = atoms
        sizes = json.loads(coder.get("groups", f"[{len(atoms)}]"))
        weights = choice_weights(float(coder.get("group_weight", 1)), sizes, usage)
        sparsity = int(coder.get("max_k", coder["k"]))
        # Kept for rows that were scaled; rows come as they are.
        threshold = float(coder.get("threshold", 0)) / scale
        if coder.get("coding") == "joint":
            sizes, shares = [len(atoms)], [sparsity]
        elif "group_sparsity" in coder:
            shares = in_proportion(json.loads(coder["group_sparsity"]), sparsity)
        else:
            shares = equal_shares(sizes, sparsity)
        self.groups: List[Group] = []
        first = 0
        for size, share in zip(sizes, shares):
            self.groups.append(Group(atoms, first, size, share, weights, threshold, coder))
            first += size

    def to(self, device) -> None:
        self.atoms = self.atoms.to(device)
        for group in self.groups:
            group.to(device, self.atoms)

    def rows_within(self, room: int) -> int:
        """How many rows at a time the pursuit has memory for."""
        return max(1, room // max(group.bytes_per_row() for group in self.groups))

    def code(self, rows: torch.Tensor):
        """[rows, d_in], centred -> atoms and coefficients, [rows, k] each; unused slots are of atom 0 and value 0."""
        energy = rows.square().sum(1)
        left, found = rows, []
        for group in self.groups:
            support, values = group.code(left, energy)
            found.append((support + group.first, values))
            if group is not self.groups[-1]:
                left = left - (values[:, None] @ group.atoms[support])[:, 0]
        atoms = torch.cat([support for support, _ in found], 1)
        values = torch.cat([values for _, values in found], 1)
        return torch.where(values == 0, torch.zeros_like(atoms), atoms), values


class Group:
    """The pursuit over one nested group of atoms, or over all."""

    # Most atoms whose Gram is kept, for matching pursuit: its many steps are quick with it.
    most_gram = 16384

    def __init__(self, atoms, first, size, sparsity, weights, threshold, coder):
        self.first, self.size, self.sparsity = first, size, sparsity
        self.method = coder["coder"]
        self.nonnegative = coder["nonnegative"] == "true"
        self.positive = self.nonnegative or coder.get("candidates") == "positive"
        self.threshold = threshold
        self.tolerance = float(coder.get("tolerance", 0))
        self.refit = coder.get("refit") == "true"
        self.passes = int(coder.get("refine", 0))
        self.ridge = float(coder.get("selection_ridge", 0))
        self.weights = None if weights is None else weights[first : first + size]
        self.gram: Optional[torch.Tensor] = None
        self.to(atoms.device, atoms)

    def to(self, device, atoms: torch.Tensor) -> None:
        self.atoms = atoms[self.first : self.first + self.size]
        self.squares = self.atoms.square().sum(1)
        self.gram = None
        if self.weights is not None:
            self.weights = self.weights.to(device)

    def bytes_per_row(self) -> int:
        size, k, width = self.size, self.sparsity, self.atoms.shape[1]
        floats = 5 * size + 3 * k * width + 4 * width + 12 * k * k
        return 4 * (floats + (4 * size if self.passes > 0 else 0))

    def code(self, rows: torch.Tensor, whole: torch.Tensor):
        """Support and coefficients, [rows, k]; `whole` is what the rows' energy was before any group."""
        correlations = rows @ self.atoms.T
        floor = (NEGLIGIBLE_CORRELATION * whole.sqrt()).clamp_min(self.threshold)
        stop = self.tolerance**2 * whole
        if self.method == "mp":
            return self._mp(rows, correlations, floor, stop)
        support, count = self._omp(rows, correlations, floor, stop)
        if self.passes > 0:
            support, count = self._refine(rows, correlations, support, count)
        return support, self._coefficients(correlations, support, count)

    def _score(self, correlations: torch.Tensor) -> torch.Tensor:
        score = correlations if self.positive else correlations.abs()
        return score if self.weights is None else score * self.weights

    # With u_t the combination of chosen atoms that row t of the inverse Cholesky factor makes, an atom joins at the
    # pivot G_jj + ridge - sum_s <u_s, d_j>^2, and the residual loses z_t u_t.
    def _omp(self, rows, correlations, floor, stop):
        count_rows, k, width = len(rows), self.sparsity, rows.shape[1]
        energy, residual = rows.square().sum(1), rows.clone()
        barred = torch.zeros_like(correlations, dtype=torch.bool)
        spans = rows.new_zeros(count_rows, k, width)
        support = torch.zeros(count_rows, k, dtype=torch.long, device=rows.device)
        count = torch.zeros(count_rows, dtype=torch.long, device=rows.device)
        left = correlations
        while True:
            score, best = self._score(left).masked_fill(barred, -1).max(1)
            going = (count < k) & (score > floor) & ((stop == 0) | (energy > stop))
            if not going.any():
                return support, count
            atom = self.atoms[best]
            shares = (spans @ atom[:, :, None])[..., 0]
            pivot = self.squares[best] + self.ridge - shares.square().sum(1)
            row = (going & (pivot >= DEPENDENT_PIVOT)).nonzero()[:, 0]
            barred[going.nonzero()[:, 0], best[going]] = True
            length = pivot[row].sqrt()[:, None]
            span = (atom[row] - (shares[row, None] @ spans[row])[:, 0]) / length
            z = left[row, best[row], None] / length
            residual[row] -= z * span
            energy[row] -= z[:, 0].square()
            spans[row, count[row]] = span
            support[row, count[row]] = best[row]
            count[row] += 1
            if bool((count >= k).all()):
                return support, count
            left = residual @ self.atoms.T

    def _mp(self, rows, correlations, floor, stop):
        k = self.sparsity
        energy, left, residual = rows.square().sum(1), correlations.clone(), rows.clone()
        support = torch.zeros(len(rows), k, dtype=torch.long, device=rows.device)
        values = rows.new_zeros(len(rows), k)
        count = torch.zeros(len(rows), dtype=torch.long, device=rows.device)
        slots = torch.arange(k, device=rows.device)
        for _ in range(MP_STEPS_PER_NONZERO * k):
            score, best = self._score(left).max(1)
            known = (support == best[:, None]) & (slots < count[:, None])
            is_new = ~known.any(1)
            going = (score > floor) & ((stop == 0) | (energy > stop)) & ~(is_new & (count == k))
            # A row that has ended stays as it is, and so ends again.
            row = going.nonzero()[:, 0]
            if len(row) == 0:
                break
            atom = best[row]
            slot = torch.where(is_new, count, known.long().argmax(1))[row]
            amount = left[row, atom]
            support[row, slot] = atom
            values[row, slot] += amount
            count[row] += is_new[row].long()
            energy[row] -= amount.square()
            if self._has_gram():
                left[row] -= amount[:, None] * self.gram[atom]
            else:
                residual[row] -= amount[:, None] * self.atoms[atom]
                left[row] = residual[row] @ self.atoms.T
        if self.refit:
            values = self._coefficients(correlations, support, count)
        return support, values

    def _has_gram(self) -> bool:
        if self.gram is None and self.size <= self.most_gram:
            self.gram = self.atoms @ self.atoms.T
        return self.gram is not None

    def support_gram(self, support: torch.Tensor, used: torch.Tensor) -> torch.Tensor:
        # Slots that are not used are atoms apart from all, with no correlation.
        chosen = self.atoms[support] * used[..., None]
        gram = accurate(chosen @ chosen.transpose(1, 2))
        return gram + torch.diag_embed((~used).to(gram.dtype))

    def _coefficients(self, correlations, support, count) -> torch.Tensor:
        used = torch.arange(self.sparsity, device=support.device) < count[:, None]
        gram = self.support_gram(support, used)
        right = accurate(correlations.gather(1, support)) * used
        if self.nonnegative:
            return nonnegative_least_squares(gram, right).float() * used
        least = DEPENDENT_PIVOT if self.ridge > 0 else 1e-9
        return least_squares(gram, right, least).float() * used

    def _refine(self, rows, correlations, support, count):
        if self.nonnegative:
            kept = self._coefficients(correlations, support, count) > 0
            order = (~kept).long().argsort(dim=1, stable=True)
            support, count = support.gather(1, order), kept.sum(1)
        Swaps(self, rows, correlations, support, count).run(self.passes)
        return support, count


def choice_weights(weight: float, sizes: List[int], usage: torch.Tensor) -> Optional[torch.Tensor]:
    """Factors of the correlations in the choice of atoms, the largest of them 1; None where all are 1."""
    if weight == 1:
        return None
    if len(sizes) > 1:
        return torch.cat([torch.full((size,), weight**-g) for g, size in enumerate(sizes)])
    uses = usage.double()
    return ((uses.clamp_min(1) / uses.max().clamp_min(1)) ** (weight - 1)).float()


def equal_shares(sizes: List[int], sparsity: int) -> List[int]:
    """Nonzeros of each group where nothing else is said; the largest groups get what does not divide."""
    each, more = divmod(sparsity, len(sizes))
    shares = [each] * len(sizes)
    for g in sorted(range(len(sizes)), key=lambda g: (-sizes[g], -g))[:more]:
        shares[g] += 1
    return shares


def in_proportion(shares: List[int], sparsity: int) -> List[int]:
    """Nonzeros of each group by shares that are those of k, for more of them: D'Hondt's method, as in dbksvd."""
    given = [1] * len(shares)
    for _ in range(sparsity - len(shares)):
        # The earlier group on ties.
        given[max(range(len(shares)), key=lambda g: (Fraction(shares[g], given[g] + 1), -g))] += 1
    return given
