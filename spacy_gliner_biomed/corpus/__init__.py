"""Annotated passages on disk: assets that are checked, and their conversions."""
