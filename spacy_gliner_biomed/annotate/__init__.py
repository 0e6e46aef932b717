"""Annotation in bulk: texts in, entities out, one document at a time."""
