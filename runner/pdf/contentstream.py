"""The operators of a PDF content stream with their operands, as pdf.js pairs them.

The behaviour follows `EvaluatorPreprocessor` in `src/core/evaluator.js` of pdf.js 4.10
(Apache-2.0). Only the operators that matter for text are given out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from .contenttokens import OPERANDS, UNKNOWN, Damaged, Operand, TokenReader

TEXT_OPERATORS = frozenset(
    [*b"q Q cm BT Tf Ts Tz TL Td TD T* Tm Tc Tw TJ Tj ' Do gs BMC BDC EMC".split(), b'"']
)
PATH_OPERATORS = frozenset(b"m l c v y h re S s f F f* B B* b b* n".split())
MOST_FAULTY_PATHS = 10
LOOK_AHEAD = 2  # tokens

Operation = tuple[bytes, list[Operand]]


def operations(data: bytes) -> Iterator[Operation]:
    """The text operators of ``data`` with their operands, up to the end or the first damage.

    pdf.js reads two tokens ahead, so damage swallows what stands up to two tokens before it.
    """
    waiting: deque[tuple[int, Operation]] = deque()
    reader = TokenReader(data)
    try:
        for operation in _balanced(reader):
            while waiting and waiting[0][0] <= reader.count - LOOK_AHEAD:
                yield waiting.popleft()[1]
            waiting.append((reader.count, operation))
    except Damaged:
        while waiting and waiting[0][0] < reader.count - LOOK_AHEAD:
            yield waiting.popleft()[1]
        return
    for _, operation in waiting:
        yield operation


def _balanced(reader: TokenReader) -> Iterator[Operation]:
    """Operations as they stand, each with the number of operands that its operator takes."""
    spare: list[Operand] = []
    operands: list[Operand] = []
    faulty_paths = 0
    while (word := reader.read_operands(operands)) is not None:
        count = OPERANDS.get(word, UNKNOWN)
        if count == UNKNOWN:
            continue
        is_path = word in PATH_OPERATORS
        if not is_path:
            faulty_paths = 0
        if count is not None and len(operands) != count:
            _balance(operands, spare, count)
            if len(operands) < count:
                operands.clear()
                faulty_paths += is_path
                if faulty_paths > MOST_FAULTY_PATHS:
                    return
                continue
        if word in TEXT_OPERATORS:
            yield word, operands
            operands = []
        else:
            operands.clear()
            if is_path:
                reader.skip_paths()


def _balance(operands: list[Operand], spare: list[Operand], count: int) -> None:
    """Puts surplus operands by, and takes missing ones from those put by before."""
    surplus = max(0, len(operands) - count)
    spare.extend(operands[:surplus])
    del operands[:surplus]
    while len(operands) < count and spare:
        operands.insert(0, spare.pop())
