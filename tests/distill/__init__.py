"""Tests of `spacy_gliner_biomed.distill`."""
