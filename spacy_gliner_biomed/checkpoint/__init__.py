"""Model folders: GLiNER's published format in and out, and our own compact one. No spaCy.

Reading trusts nothing: every config field, tensor name, shape, file size and link is checked, no code from a folder is
ever run.
"""

from .errors import CheckpointError
from .export import export
from .int8 import quantise_rows, round_to_int8
from .load import from_files, load
from .save import save, to_files

__all__ = ["CheckpointError", "export", "from_files", "load", "quantise_rows", "round_to_int8", "save", "to_files"]
