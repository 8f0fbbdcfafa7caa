// An atom in the update, by its turn: the atom; its uses; ⟨d', d⟩, NONE where it stays as it is; what earlier sample
// batches weigh in it; 1 where exact mode's power steps have converged.
// Declares: Update, NONE. Needs: nothing.
struct Update { atom: u32, uses: u32, overlap: f32, carried: f32, done: u32 }
const NONE = -2.0;
