"""How far a result can be trusted: each assumption measured, and a verdict."""
