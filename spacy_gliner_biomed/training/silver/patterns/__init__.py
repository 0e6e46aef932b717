"""The rule teacher: what patterns and short word lists find in text, for everyday types that gold corpora hardly annotate."""
