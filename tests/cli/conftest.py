from tests.support.dictionary import dictionary

__all__ = ["dictionary"]
