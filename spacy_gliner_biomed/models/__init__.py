"""The embedded model and how it gets here."""
