"""`python -m spacy_gliner_biomed` is the command `gliner-biomed`."""

from .cli import main

if __name__ == "__main__":
    main()
