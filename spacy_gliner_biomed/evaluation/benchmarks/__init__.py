"""The eight benchmarks of the GLiNER-BioMed paper, from the files of their original releases."""

from .convert import Converted, convert
from .entries import BENCHMARKS
from .entry import FREE, GATED, TERMS, Benchmark, Share
from .load import PARTS, get, load

__all__ = ["BENCHMARKS", "FREE", "GATED", "PARTS", "TERMS", "Benchmark", "Converted", "Share", "convert", "get", "load"]
