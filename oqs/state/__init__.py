"""What a given state does: flows at a moment, relaxation, entropy. Eqs. (3), (15)-(18), (34)."""
