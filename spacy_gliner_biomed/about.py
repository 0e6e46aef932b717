"""Name and version, read by `setup.cfg` without importing the package."""

__title__ = "spacy-gliner-biomed"
__version__ = "0.1.0"
