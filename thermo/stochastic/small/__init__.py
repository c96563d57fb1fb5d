"""One small reservoir, and the jumps that a model allows."""
