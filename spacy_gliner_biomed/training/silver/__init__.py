"""Silver annotations: what a lexicon, or a model that is sure of itself, finds in text that nobody annotated."""
