"""From a result file to what a person reads: one HTML page, one picture, Markdown tables."""

from .markdown import markdown
from .page import write_html
from .picture import picture
from .schema import read_result
from .verdict import Verdict, verdict

__all__ = ["Verdict", "markdown", "picture", "read_result", "verdict", "write_html"]
