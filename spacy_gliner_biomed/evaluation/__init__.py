"""How good a model is: strict scores on corpora, beside a lexicon matcher."""
