/**
 * What is read of a row's atoms: `code`, the coefficients that rebuild it, or `activation`, what each atom's latent
 * shows: its correlation with the centred row, ⟨row − mean, atom⟩ in raw units, or what another tool's autoencoder
 * gives by its own encoder.
 */
export type AtomReading = "code" | "activation";
