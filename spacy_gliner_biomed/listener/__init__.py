"""The pipe on a shared encoder: one transformer serves tagger, parser and open NER in one pipeline.

The text encoder is a layer of the pipeline, spacy-transformers' `TransformerListener` or any other layer from documents to token
vectors; label encoder, span head and loss are those of every bi-encoder here. Gradients flow back into the layer.

    Doc ──tok2vec──▶ a vector for each token ──projection──▶ span head ◀── label encoder ◀── label texts
"""
