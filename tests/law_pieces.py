"""Pieces of Python from which the law of re-running is tried: families of state that hides.

A family is what it needs (``begins``) and what is done with it (``pieces``): blocks that bind,
change, alias, hide and show the same state, so that a random few of them meet in a note. ``N`` is
a number, which edits change.
"""

from __future__ import annotations

from law_surroundings import HELPERS, ON_DISK, OTHERS, SWITCHES
from law_trainings import FIGURES, MODELS, TORCH, TRAINING
from law_values import CLASSES, FUNCTIONS, LISTS, LIVELY, NUMBERS, TABLES

FAMILIES = {
    "models": MODELS,
    "numbers": NUMBERS,
    "lists": LISTS,
    "tables": TABLES,
    "classes": CLASSES,
    "lively": LIVELY,
    "functions": FUNCTIONS,
    "switches": SWITCHES,
    "files": ON_DISK,
    "helpers": HELPERS,
    "others": OTHERS,
    "training": TRAINING,
    "figures": FIGURES,
    "torch": TORCH,
}

# What a block may die of; after it the rest of the note goes on in a fresh process.
DEATHS = ("import os\nos._exit(N)", "raise SystemExit(N)", "raise KeyboardInterrupt")

TESTS = (
    "assert True",
    "def test_number():\n    assert N < 4",
    "import pytest\n\n@pytest.mark.parametrize('v', [1, N])\ndef test_many(v):\n    assert v < 5",
)

# The note that Main imports, in this order, and the modules beside the notes.
OTHER = (
    "shared = []\nfactor = N",
    "def push(v):\n    shared.append(v * factor)\n    return len(shared)",
    "def total():\n    return sum(shared) + N",
    "class Shape:\n    side = N\n\n    def __init__(self, v):\n        self.v = v\n        shared.append(v)\n\n    def area(self):\n        return self.v * self.side * factor",
    "def reset():\n    global factor\n    factor = N\n    shared.clear()",
    "print('defined', factor)",
)
_HELPER = """import aid

state = [N]
scale = N


def touch(v):
    state.append(v)


def scaled(v):
    return v * scale * aid.value


class Tape:
    def __init__(self, v):
        self.v = v

    @property
    def next(self):
        self.v += N
        return self.v
"""
FILES = {
    "helper.py": _HELPER,
    "aid.py": "value = N\nprint('aid', value)\n",
    "data.txt": "N\nN\n",
}
