"""The command `gliner-biomed`. Its files hold arguments only; what a command does lives in the package."""

from .app import main

__all__ = ["main"]
