"""Text for training: collected from public sources, cleaned, freed of duplicates, balanced, and kept apart from test texts."""
