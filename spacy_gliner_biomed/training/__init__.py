"""Training: corpus readers, gold spans on words, the optimiser with two rates."""
