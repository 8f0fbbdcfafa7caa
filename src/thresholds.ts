// Numerical thresholds that every engine shares; changing one changes results everywhere alike.

/** L_tt² under which an atom counts as linearly dependent on the support chosen so far. */
export const DEPENDENT_PIVOT = 1e-6;

/** A pursuit ends where the best |correlation| is at most this share of ‖y‖: what is left is float32 rounding. */
export const NEGLIGIBLE_CORRELATION = 1e-5;

/** ‖v‖ under which a power step has no direction: the atom and its codes stay. */
export const VANISHING_NORM = 1e-12;

/** Exact mode: power steps end at ‖Δd‖ below this, */
export const EXACT_CHANGE = 1e-6;

/** or after this many. */
export const EXACT_STEPS = 2000;

/** |⟨d_i, d_j⟩| above which two atoms count as the same. */
export const DUPLICATE_COHERENCE = 0.99;

/** Matching pursuit takes at most this many steps for each allowed nonzero. */
export const MP_STEPS_PER_NONZERO = 4;

/**
 * Refinement leaves supports and atoms alone whose new direction is shorter than this, squared: float32 could not
 * weigh them.
 */
export const REFINEMENT_PIVOT = 1e-3;

/** An atom is exchanged where the other one explains more by this share, */
export const REFINEMENT_MARGIN = 1e-3;

/** and by this share of ‖y‖²: less is float32 rounding. */
export const REFINEMENT_FLOOR = 1e-7;

/** Most swap passes: rows are done after three or four. */
export const MOST_REFINEMENTS = 10;
