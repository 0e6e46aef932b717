"""The text of XML elements, as a line or as the lines that a person would read."""

from __future__ import annotations

from typing import Collection, List, Optional
from xml.etree.ElementTree import Element


def text_of(element: Optional[Element]) -> str:
    """RETURNS (str): all text in an element, runs of white space as one blank; "" for None."""
    return "" if element is None else " ".join("".join(element.itertext()).split())


def lines_of(element: Optional[Element], blocks: Collection[str], left_out: Collection[str]) -> str:
    """The text of an element as a person would read it.

    element (Element): the element, or None.
    blocks (collection): names of elements within it that stand on lines of their own.
    left_out (collection): names of elements whose text is not wanted. What follows them is.
    RETURNS (str): lines without blank ones, white space in a line as one blank; "" for None.
    """
    pieces: List[str] = []
    if element is not None:
        _collect(element, blocks, left_out, pieces)
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\0"))
    return "\n".join(line for line in lines if line)


def _collect(element: Element, blocks: Collection[str], left_out: Collection[str], pieces: List[str]) -> None:
    """Gather text; "\\0", which XML cannot hold, stands for the end of a line."""
    pieces.append(element.text or "")
    for child in element:
        line_end = "\0" if child.tag in blocks else ""
        pieces.append(line_end)
        if child.tag not in left_out:
            _collect(child, blocks, left_out, pieces)
        pieces.append(line_end)
        # The text behind an element belongs to what surrounds it, also where the element itself is left out
        pieces.append(child.tail or "")
