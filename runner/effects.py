"""Which calls are harmless, and which reach further than the names they mention.

Tables for ``names.py``. A call that is not listed as harmless may change its receiver and its
arguments in place.
"""

from __future__ import annotations

import ast
import re

PURE_BUILTINS = frozenset(
    "print len range isinstance issubclass sum min max sorted abs float int str repr bool zip "
    "enumerate round type id hash callable any all divmod pow ord chr format tuple list dict set "
    "frozenset complex bytes hasattr display slice reversed".split()
)

# Methods that leave their receiver alone whatever its type is likely to be.
PURE_METHODS = frozenset(
    "item tolist numpy numel size dim format join startswith endswith split strip lower upper "
    "detach clone cpu mean std var argmax argmin equal allclose manual_seed".split()
)

# Packages whose functions change nothing they are given, but for the exceptions below.
PURE_PACKAGES = frozenset(
    "math cmath statistics torch numpy matplotlib einops itertools operator collections string "
    "textwrap functools dataclasses typing fractions decimal scipy".split()
)

STATELESS_PACKAGES = PURE_PACKAGES | frozenset(
    "pytest pandas sklearn transformers PIL tqdm torchvision time datetime json re os sys pathlib "
    "warnings logging random subprocess shutil tempfile pickle inspect enum abc copy contextlib "
    "io ctypes gc threading multiprocessing concurrent IPython hashlib base64 csv glob heapq "
    "bisect types traceback platform unittest".split()
)

_CHANGES_ARGUMENTS = re.compile(
    r"(?:[^_]_|^(?:shuffle|copyto|put|place|putmask|fill_diagonal|heappush|heapify|step|backward"
    r"|deque|partial|DataLoader|reduce|accumulate|setattr))$"
)
_SWITCH = re.compile(
    r"^(?:set_\w+|setrecursionlimit|setlocale|set(?:err|errcall|bufsize|trace|profile)|use|enable\w*"
    r"|disable\w*|register\w*|basicConfig|setLevel|addHandler|addFilter|filterwarnings"
    r"|simplefilter|resetwarnings|chdir|putenv|unsetenv|install|patch|reload|rc|rcdefaults"
    r"|seterr\w*|setcontext|use_deterministic_algorithms|umask|nice|alarm|signal|freeze|captureWarnings)$"
)
_GLOBAL_OBJECTS = frozenset("environ rcParams modules path meta_path handlers filters".split())
_CHANGES = frozenset("update setdefault pop append insert extend clear remove".split())
_FILES = frozenset(
    "open save savez savez_compressed savetxt write_text write_bytes to_csv to_parquet to_json "
    "to_pickle savefig load loadtxt read_text read_bytes read_csv read_parquet read_json "
    "read_pickle fromfile tofile mkdir makedirs unlink rename replace_file rmdir rmtree copyfile "
    "copytree system run Popen call check_call check_output urlopen urlretrieve glob rglob iterdir "
    "listdir scandir walk exists is_file is_dir touch symlink_to connect memmap genfromtxt imread "
    "imsave dump SummaryWriter".split()
)
_DYNAMIC = frozenset("exec eval globals locals vars __import__ compile breakpoint".split())


def _last(func: ast.expr) -> str:
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else ""


def is_pure_call(call: ast.Call, package: str) -> bool:
    """Whether the call changes neither its receiver nor its arguments.

    ``package`` is the top package that the root of the called name was imported from, "" if none.
    """
    name = _last(call.func)
    if any(k.arg in ("out", "inplace") for k in call.keywords):
        return False
    if isinstance(call.func, ast.Name) and name in PURE_BUILTINS:
        return True
    if package in PURE_PACKAGES:
        return not _CHANGES_ARGUMENTS.search(name)
    return isinstance(call.func, ast.Attribute) and name in PURE_METHODS


def reason_dynamic(call: ast.Call) -> str:
    """Why a call can define or read names that the text does not show, "" if it cannot."""
    name = _last(call.func)
    if isinstance(call.func, ast.Name) and name in _DYNAMIC:
        return f"`{name}()`"
    return "`sys._getframe()`" if name in ("_getframe", "currentframe") else ""


def is_switch(call: ast.Call) -> bool:
    """Whether a call of an imported name sets something global: a default, an option, a hook."""
    if _SWITCH.match(_last(call.func)):
        return True
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    return _last(call.func) in _CHANGES and receiver is not None and _is_global_object(receiver)


def _is_global_object(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in _GLOBAL_OBJECTS


def touches_files(call: ast.Call) -> bool:
    """Whether the call looks like one that reads or writes files or starts programs."""
    return _last(call.func) in _FILES
