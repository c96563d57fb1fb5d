"""The open system: H_S of Eq. (8) and beyond, Fock space, spectra."""
