"""The values that a pickle's instructions make, followed on paper.

A kilobyte can describe a tuple of two tuples, each of them the same two, and so on, 45 times: to hash it, or to print it
in an error message, takes longer than anyone waits. And to hash a tuple that is nested a million deep ends the process. A
table of tensors refers a second time to names, functions and tensors, never to a container, and nests little.
"""

from __future__ import annotations

import pickletools
from typing import Any, Dict, List

from .errors import CheckpointError

DEEPEST = 8  # tuples in tuples; torch.save writes a tensor's size inside its arguments, which is two
# A value is a number: the depth of a tuple, or one of these.
_CONTAINER, _PLAIN, _TABLE_CLASS, _FUNCTION = 1, 0, -1, -2
_CONTAINERS = ("list", "dict", "set", "frozenset")
# What a pickle of tensors calls. Classes of storage are only named: called, they would take any memory that they are asked to.
_CALLED = {
    "collections OrderedDict": _TABLE_CLASS,
    "torch._utils _rebuild_tensor_v2": _FUNCTION,
    "torch._utils _rebuild_parameter": _FUNCTION,
}


class PickleValues:
    """The stack and the memo of an unpickler, with a number in the place of every value.

    Instructions that torch's weights-only unpickler refuses are followed carelessly.
    where (str): the file's place, for messages.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self._stack: List[int] = []
        self._outer: List[List[int]] = []
        self._memo: Dict[int, int] = {}

    def follow(self, opcode: pickletools.OpcodeInfo, argument: Any) -> None:
        """Take from the stack what an instruction takes, and put there what it puts.

        RAISES (CheckpointError): for a container in two places, tuples nested too deep, and a call of anything outside `_CALLED`.
        RAISES (LookupError): where there is nothing to take.
        """
        name = opcode.name
        if name == "MARK":
            self._outer.append(self._stack)
            self._stack = []
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self._stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            value = self._memo[argument]
            self._refuse(value >= _CONTAINER)
            self._stack.append(value)
        else:
            taken = self._take(opcode)
            kinds = [kind.name for kind in opcode.stack_after]
            self._stack.extend(self._made(name, argument, taken, kind) for kind in kinds)

    def _take(self, opcode: pickletools.OpcodeInfo) -> List[int]:
        kinds, marked = [kind.name for kind in opcode.stack_before], []
        if "mark" in kinds:
            kinds, marked, self._stack = kinds[:-2], self._stack, self._outer.pop()
        return [self._stack.pop() for _ in kinds][::-1] + marked

    def _made(self, name: str, argument: Any, taken: List[int], kind: str) -> int:
        if name == "GLOBAL":
            return _CALLED.get(argument, _PLAIN)
        if name in ("REDUCE", "NEWOBJ"):
            self._refuse(taken[0] >= _PLAIN)
            return _CONTAINER if taken[0] == _TABLE_CLASS else _PLAIN
        if name == "BUILD":
            return taken[0]
        if kind == "tuple":
            depth = 1 + max([_PLAIN, *taken])
            self._refuse(depth > DEEPEST)
            return depth
        return _CONTAINER if kind in _CONTAINERS else _PLAIN

    def _refuse(self, wrong: bool) -> None:
        if wrong:
            raise CheckpointError(
                f"The pickle in {self.where} nests or calls its own values, as no file of plain weights does; don't trust it."
            )
