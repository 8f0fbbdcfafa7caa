"""Coefficients on supports, and supports bettered by swaps: small systems, a batch of rows at a time."""
import torch

# The same as in dbksvd (src/thresholds.ts).
DEPENDENT_PIVOT = 1e-6
REFINEMENT_PIVOT = 1e-3
REFINEMENT_MARGIN = 1e-3
REFINEMENT_FLOOR = 1e-7


def least_squares(matrix: torch.Tensor, right: torch.Tensor, least: float) -> torch.Tensor:
    """Solves a batch of systems by Cholesky; directions whose pivot is `least` of their diagonal at most stay out."""
    size = right.shape[1]
    lower, kept = torch.zeros_like(matrix), torch.zeros_like(right, dtype=torch.bool)
    half, x = torch.zeros_like(right), torch.zeros_like(right)
    for j in range(size):
        column = matrix[:, j:, j] - (lower[:, j:, :j] @ lower[:, j, :j, None])[..., 0]
        kept[:, j] = column[:, 0] > least * matrix[:, j, j]
        length = torch.where(kept[:, j], column[:, 0], torch.ones_like(column[:, 0])).sqrt()
        lower[:, j:, j] = column * kept[:, j, None] / length[:, None]
        lower[:, j, j] = length
        half[:, j] = (right[:, j] - (lower[:, j, :j] * half[:, :j]).sum(1)) * kept[:, j] / length
    for j in reversed(range(size)):
        rest = (lower[:, j + 1 :, j] * x[:, j + 1 :]).sum(1)
        x[:, j] = (half[:, j] - rest) * kept[:, j] / lower[:, j, j]
    return x


def nonnegative_least_squares(matrix: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Lawson and Hanson's active sets (Solving Least Squares Problems, 1974, chapter 23), on a batch of systems."""
    x = least_squares(matrix, right, 1e-9)
    row = (x < 0).any(1).nonzero()[:, 0]
    if len(row) > 0:
        x[row] = active_sets(matrix[row], right[row])
    return x


def active_sets(matrix: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    x, passive = torch.zeros_like(right), torch.zeros_like(right, dtype=torch.bool)
    small = 1e-10 * right.abs().amax(1)
    size = right.shape[1]
    stepping = torch.zeros(len(right), dtype=torch.bool, device=right.device)
    turns = torch.zeros(len(right), device=right.device)
    for _ in range(6 * size + 6):
        slope = (right - (matrix @ x[..., None])[..., 0]).masked_fill(passive, -1)
        steepest, entering = slope.max(1)
        enters = ~stepping & (steepest > small) & (turns < 3 * size + 3)
        if not (stepping | enters).any():
            break
        turns += enters
        row = enters.nonzero()[:, 0]
        passive[row, entering[row]] = True
        both = passive[:, :, None] & passive[:, None]
        system = matrix * both + torch.diag_embed((~passive).to(matrix.dtype))
        target = least_squares(system, right * passive, 1e-9)
        blocked = passive & (target <= 0) & (stepping | enters)[:, None]
        reach = torch.where(x > 0, x / (x - target).clamp_min(1e-300 if x.dtype == torch.float64 else 1e-38), x * 0)
        share, leaving = reach.masked_fill(~blocked, 2).min(1)
        stepping = blocked.any(1)
        x = torch.where(passive, x + share.clamp_max(1)[:, None] * (target - x), x)
        row = stepping.nonzero()[:, 0]
        x[row, leaving[row]] = 0
        passive[row, leaving[row]] = False
    return x


class Swaps:
    """Betters supports by exchanging one atom at a time, as docs/algorithm.md of dbksvd tells ("refine")."""

    def __init__(self, group, rows, correlations, support, count):
        used = torch.arange(support.shape[1], device=support.device) < count[:, None]
        gram = group.support_gram(support, used)
        factor, failed = torch.linalg.cholesky_ex(gram)
        pivots = factor.diagonal(dim1=1, dim2=2).square()
        inverse = torch.linalg.inv(torch.where(failed[:, None, None] == 0, gram, torch.eye(gram.shape[1]).to(gram)))
        fit = (failed == 0) & (pivots >= REFINEMENT_PIVOT).all(1)
        fit &= (inverse.diagonal(dim1=1, dim2=2) * REFINEMENT_PIVOT <= 1).all(1) & (count > 0)
        self.group, self.rows, self.correlations = group, rows, correlations
        self.support, self.count, self.used, self.fit = support, count, used, fit
        self.inverse = inverse
        self.x = (inverse @ (accurate(correlations.gather(1, support)) * used)[..., None])[..., 0]
        self.energy = accurate(rows.square().sum(1))
        factor = torch.where(fit[:, None, None], factor, torch.eye(gram.shape[1]).to(gram))
        basis = torch.linalg.solve_triangular(factor, accurate(self._chosen()), upper=False).float()
        self.room = group.squares - sum((q @ group.atoms.T).square() for q in basis.unbind(1))

    def _chosen(self) -> torch.Tensor:
        return self.group.atoms[self.support] * self.used[..., None]

    def run(self, passes: int) -> None:
        settled = torch.zeros_like(self.count)
        for visit in range(passes * self.support.shape[1]):
            going = self.fit & (settled < self.count) & (visit < passes * self.count)
            if not going.any():
                return
            swapped = self._visit(visit % self.count.clamp_min(1), going)
            settled = torch.where(swapped, torch.ones_like(settled), settled + 1)

    def _visit(self, slot: torch.Tensor, going: torch.Tensor) -> torch.Tensor:
        """Fills one slot of every row with the atom that gains most; True where it is another one."""
        atoms, each = self.group.atoms, torch.arange(len(slot), device=slot.device)
        taken = self.inverse[each, slot]
        own, x = taken[each, slot], self.x[each, slot]
        chosen = self._chosen()
        rebuilt = (self.x.float()[:, None] @ chosen)[:, 0]
        dual = (taken.float()[:, None] @ chosen)[:, 0] @ atoms.T
        gained = (self.rows - rebuilt) @ atoms.T + (x / own).float()[:, None] * dual
        room = self.room + dual.square() / own.float()[:, None]
        gain = gained.square() / room.clamp_min(REFINEMENT_PIVOT)
        barred = room < REFINEMENT_PIVOT
        if self.group.nonnegative:
            barred |= gained < 0
        gain, atom = gain.masked_fill(barred, -1).max(1)
        loss = (1 + REFINEMENT_MARGIN) * x * x / own + REFINEMENT_FLOOR * self.energy
        return self._swap(slot, atom, going & (gain > loss), dual)

    def _swap(self, slot, atom, wanted, dual) -> torch.Tensor:
        each = torch.arange(len(slot), device=slot.device)
        own = self.inverse[each, slot, slot]
        share = self.inverse[each, :, slot] / own[:, None]
        without = self.inverse - share[:, :, None] * share[:, None] * own[:, None, None]
        others = self.used.clone()
        others[each, slot] = False
        chosen = self._chosen()
        fresh = self.group.atoms[atom]
        column = accurate((chosen @ fresh[..., None])[..., 0]) * others
        weights = (without @ column[..., None])[..., 0] * others
        pivot = accurate(self.group.squares[atom]) - (weights * column).sum(1)
        right = accurate(self.correlations.gather(1, self.support)) * others
        value = (accurate(self.correlations[each, atom]) - (weights * right).sum(1)) / pivot
        x = (self.x - share * self.x[each, slot, None] - weights * value[:, None]) * others
        swapped = wanted
        if self.group.nonnegative:
            swapped = wanted & (value > 0) & ((x > 0) | ~others).all(1)
        x[each, slot] = value
        weights[each, slot] = -1
        bordered = without * others[:, :, None] * others[:, None] + torch.diag_embed((~self.used).to(x.dtype))
        bordered += weights[:, :, None] * weights[:, None] / pivot[:, None, None]
        new = fresh - ((weights * others).float()[:, None] @ chosen)[:, 0]
        room = self.room + dual.square() / own.float()[:, None]
        room -= (new @ self.group.atoms.T).square() / pivot.float()[:, None]
        self.x = torch.where(swapped[:, None], x, self.x)
        self.inverse = torch.where(swapped[:, None, None], bordered, self.inverse)
        self.room = torch.where(swapped[:, None], room, self.room)
        self.support[each, slot] = torch.where(swapped, atom, self.support[each, slot])
        return swapped


def accurate(tensor: torch.Tensor) -> torch.Tensor:
    """In float64, where the device has it: small systems are solved in it."""
    return tensor if tensor.device.type == "mps" else tensor.double()
