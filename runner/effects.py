"""Which calls are harmless, and which reach further than the names they mention.

Tables for ``touching``. A call that is not listed as harmless may change its receiver and its
arguments in place.
"""

from __future__ import annotations

import ast
from collections.abc import Container

from .patterns import regex

PURE_BUILTINS = frozenset(
    "print len range isinstance issubclass sum min max sorted abs float int str repr bool zip "
    "enumerate round type id hash callable any all divmod pow ord chr format tuple list dict set "
    "frozenset complex bytes hasattr display slice reversed super object property".split()
)
# Builtin names that stand for no object which notes share.
BUILTINS = PURE_BUILTINS | frozenset(
    "map filter iter next getattr setattr delattr open input vars min staticmethod classmethod "
    "memoryview bytearray ascii bin hex oct exec eval compile aiter anext True False None "
    "BaseException Exception ArithmeticError AssertionError AttributeError EOFError "
    "FileNotFoundError FloatingPointError ImportError IndexError KeyError KeyboardInterrupt "
    "LookupError MemoryError ModuleNotFoundError NameError NotImplementedError OSError "
    "OverflowError RecursionError RuntimeError StopIteration SyntaxError SystemExit TypeError "
    "UnicodeError UserWarning ValueError Warning ZeroDivisionError".split()
)
# What these make of an object is a number or a text of its own.
NUMBER_BUILTINS = frozenset(
    "len int float str bool repr hash id isinstance issubclass callable hasattr ord chr format "
    "any all range print".split()
)
NUMBER_METHODS = frozenset(
    "item numel dim format join startswith endswith strip lower upper".split()
)
# Builtins that use up an iterator they are given.
CONSUMERS = frozenset(
    "list tuple set frozenset dict sum min max sorted any all enumerate zip map filter iter "
    "reversed join".split()
)
# Keywords through which a harmless function changes something, or calls it.
_REACHING = frozenset(
    "out output inplace copy generator random_state rng file key state overwrite_a overwrite_b "
    "overwrite_x overwrite_input".split()
)
# How many inputs these functions of numpy take before what they write to (numpy's manual, ufuncs).
_INPUTS = {
    **dict.fromkeys(
        "exp exp2 expm1 log log2 log10 log1p sqrt cbrt square abs absolute fabs negative positive "
        "sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh floor ceil trunc "
        "rint sign reciprocal conj conjugate isnan isinf isfinite logical_not invert deg2rad "
        "rad2deg degrees radians signbit spacing fix".split(),
        1,
    ),
    **dict.fromkeys(
        "add subtract multiply divide true_divide floor_divide power float_power mod fmod "
        "remainder maximum minimum fmax fmin arctan2 hypot matmul dot "
        "logical_and logical_or logical_xor "
        "greater greater_equal less less_equal equal not_equal bitwise_and bitwise_or bitwise_xor "
        "left_shift right_shift copysign nextafter ldexp heaviside gcd lcm logaddexp round around "
        "outer".split(),
        2,
    ),
    **dict.fromkeys("clip cumsum cumprod take sum prod mean max min amax amin".split(), 3),
}

# Methods that leave their receiver alone whatever its type is likely to be.
PURE_METHODS = frozenset(
    "item tolist numpy numel size dim format join startswith endswith strip lower upper detach "
    "clone cpu mean std var argmax argmin equal allclose".split()
)
_ARRAY_METHODS = PURE_METHODS | frozenset(
    "sum prod min max abs round clip clamp exp log log2 log10 sqrt sin cos tan tanh sigmoid "
    "softmax log_softmax relu matmul dot mm bmm t transpose permute reshape view flatten squeeze "
    "unsqueeze expand repeat float double half long int bool astype to cuda copy norm argsort "
    "cumsum cumprod any all nonzero unique type eq ne lt le gt ge diagonal trace inverse "
    "contiguous masked_fill gather chunk split unbind topk pow add sub mul div neg logsumexp det "
    "conj ravel swapaxes index_select expand_as view_as movedim flip roll square".split()
)
_PLAIN_METHODS = PURE_METHODS | frozenset(
    "count index keys values items get copy split replace union intersection difference issubset "
    "issuperset isdisjoint title capitalize splitlines partition rpartition find encode zfill "
    "ljust rjust center".split()
)

# Methods of matplotlib's axes that draw what they are given and leave it as it is.
DRAWING_METHODS = frozenset(
    "plot scatter bar barh hist hist2d imshow matshow pcolormesh contour contourf fill_between "
    "errorbar boxplot violinplot pie stem text annotate axhline axvline axhspan axvspan hlines "
    "vlines semilogx semilogy loglog set_title set_xlabel set_ylabel set_xlim set_ylim set_xticks "
    "set_yticks set_xticklabels set_yticklabels set suptitle".split()
)

# Methods that leave their receiver alone, whatever it is, unless a class of the notes has them.
QUIET_METHODS = PURE_METHODS | frozenset(
    "items keys values index count sum prod min max abs round clamp exp log2 log10 sqrt sin "
    "cos tan tanh sigmoid softmax log_softmax relu matmul transpose permute reshape view flatten "
    "squeeze unsqueeze expand norm argsort cumsum cumprod any all nonzero topk unflatten "
    "diagonal trace masked_fill gather square amax amin logsumexp new_zeros new_ones "
    "named_parameters parameters".split()
)

# Packages whose functions change nothing they are given, but for the exceptions below.
PURE_PACKAGES = frozenset(
    "math cmath statistics torch numpy matplotlib einops collections string textwrap dataclasses "
    "typing fractions decimal scipy".split()
)
ARRAY_PACKAGES = frozenset("torch numpy scipy math cmath einops".split())
STATELESS_PACKAGES = PURE_PACKAGES | frozenset(
    "pytest pandas sklearn transformers PIL tqdm torchvision time datetime json re os sys pathlib "
    "warnings logging random subprocess shutil tempfile pickle inspect enum abc copy contextlib "
    "io ctypes gc threading multiprocessing concurrent IPython hashlib base64 csv glob heapq "
    "bisect types traceback platform unittest itertools operator functools runner".split()
)

# Their functions and classes make each object anew: two of them share nothing but what both were
# given, and to call a method of one changes nothing of the library.
FRESH_PACKAGES = ARRAY_PACKAGES | frozenset(
    "statistics collections string textwrap dataclasses typing fractions copy re json datetime "
    "pathlib itertools functools operator heapq bisect random time enum io base64 hashlib csv "
    "sklearn pandas transformers torchvision PIL tqdm pytest runner".split()
)

# Of the code of these something is known, if only that it sets nothing global in passing.
KNOWN_PACKAGES = STATELESS_PACKAGES | frozenset(
    "argparse array ast asyncio atexit binascii builtins bz2 calendar codecs colorsys configparser "
    "contextvars curses datetime difflib dis email errno faulthandler fnmatch functools getpass "
    "gettext graphlib gzip hmac html http importlib ipaddress keyword linecache locale lzma "
    "mimetypes mmap numbers optparse pdb pkgutil pprint profile queue secrets select selectors "
    "shelve shlex signal site socket sqlite3 ssl stat struct symtable sysconfig tarfile timeit "
    "token tokenize tomllib tracemalloc turtle unicodedata urllib uuid wave weakref xml zipfile "
    "zlib zoneinfo "
    "accelerate altair bokeh cv2 cycler cupy cvxpy dask datasets diffusers evaluate fsspec "
    "gensim gym gymnasium h5py huggingface_hub hypothesis imageio jax joblib kornia lightgbm "
    "lightning mlflow networkx nltk numba numexpr omegaconf onnx onnxruntime openpyxl opt_einsum "
    "optax optuna orjson peft plotly polars psutil pyarrow pydantic pytorch_lightning regex "
    "requests rich safetensors seaborn sentence_transformers sentencepiece shap skimage spacy "
    "statsmodels sympy tabulate tensorboard tensorflow tiktoken timm tokenizers torchaudio "
    "torchmetrics torchtext triton umap wandb xarray xgboost yaml".split()
)
NOT_DRAWING = (STATELESS_PACKAGES | frozenset(["unicodedata", "struct", "weakref", "vault"])) - {
    "matplotlib", "pandas", "sklearn", "IPython", "PIL", "torchvision", "transformers"
}  # fmt: skip

_CHANGES_ARGUMENTS = regex(
    r"(?:[^_]_|^(?:shuffle|copyto|put|place|putmask|put_along_axis|fill_diagonal|step|backward|at"
    r"|deque|Counter|ChainMap|UserDict|UserList|OrderedDict|DataLoader|replace))$"
)
# Where functions of those packages work in place, or are methods called through their class.
_IN_PLACE = frozenset(
    "utils ndarray Tensor Module prune parametrize parametrizations lr_scheduler swa_utils".split()
)
# What makes no arrays, and no more numbers at each look, of what is in these or called so.
_NO_ARRAYS = frozenset(
    "default_rng load compile script trace vmap jit hub fx export package ao quantization "
    "compiler distributed symbolic_trace nditer ndenumerate ndindex vectorize".split()
)

_SWITCH = regex(
    r"^(?:set_\w+|setrecursionlimit|setlocale|set(?:err|errcall|bufsize|trace|profile)|use|enable\w*"
    r"|disable\w*|register\w*|basicConfig|setLevel|addHandler|addFilter|filterwarnings"
    r"|simplefilter|resetwarnings|chdir|putenv|unsetenv|install|patch|reload|rc|rcdefaults"
    r"|setcontext|use_deterministic_algorithms|umask|nice|alarm|signal|freeze|captureWarnings"
    r"|addsitedir|\w+_safe_globals|(?:init|destroy)_process_group|__enter__|__exit__)$"
)
_GLOBAL_OBJECTS = frozenset("environ rcParams modules path meta_path handlers filters".split())
_GIVES_GLOBAL = frozenset("getcontext getLogger get_logger gca gcf import_module".split())
_CHANGES = frozenset("update setdefault pop append insert extend clear remove".split())

_UNSEEN = frozenset(
    "defaultdict finalize ref proxy WeakSet WeakMethod WeakValueDictionary "
    "WeakKeyDictionary".split()
)
_BY_TEXT = frozenset(("import_module", "__import__"))
_DYNAMIC = frozenset("exec eval globals locals vars __import__ compile breakpoint".split())


def last_name(func: ast.expr) -> str:
    """``g`` of ``f.g`` and of ``g``; "" of anything else."""
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else ""


def true_name(func: ast.expr, module: str) -> str:
    """``last_name``, but of ``b`` after ``from m import a as b``: "a"."""
    renamed = isinstance(func, ast.Name) and module
    return module.rpartition(".")[2] if renamed else last_name(func)


def is_pure_call(call: ast.Call, module: str, bound: Container[str] = ()) -> bool:
    """Whether the call changes neither its receiver nor its arguments.

    ``module`` is what the root of the called name was imported from ("torch.nn"), "" if it was
    not imported; ``bound`` are names that the note gives another meaning than the builtin one.
    """
    name = true_name(call.func, module)
    chain = (call, *(part for part in ast.walk(call.func) if isinstance(part, ast.Call)))
    if any(k.arg in _REACHING and not _is_inert(k) for c in chain for k in c.keywords):
        return False
    if isinstance(call.func, ast.Name) and name in PURE_BUILTINS:
        return name not in bound
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Constant):
        return True  # a method of a string literal
    if module.partition(".")[0] in PURE_PACKAGES:
        way = _way(call, module)
        if not way.isdisjoint(_IN_PLACE) or _CHANGES_ARGUMENTS.search(name):
            return False
        return not _writes_to_argument(call, name, way)
    return False


def _way(call: ast.Call, module: str) -> set[str]:
    """The names that lead from a package to what is called."""
    attributes = (part.attr for part in ast.walk(call.func) if isinstance(part, ast.Attribute))
    return {*module.split("."), *attributes}


def _writes_to_argument(call: ast.Call, name: str, way: set[str]) -> bool:
    """Whether an argument without a keyword says where the result goes, or that it is in place."""
    if "numpy" in way and len(call.args) > _INPUTS.get(name, 99):
        return True
    flags = (part.value for part in call.args[1:] if isinstance(part, ast.Constant))
    return "functional" in way and any(flag is True for flag in flags)


def _is_inert(keyword: ast.keyword) -> bool:
    """A constant, or a function written on the spot, whose body is looked at by itself."""
    if not isinstance(keyword.value, ast.Constant):
        return isinstance(keyword.value, ast.Lambda)
    is_on, name = bool(keyword.value.value), str(keyword.arg)
    if name == "copy":
        return is_on
    return not (is_on and name.startswith(("inplace", "overwrite")))


def leaves_receiver(method: str, kind: str, *, direct: bool) -> bool:
    """Whether a method leaves a receiver of this kind as it is; not ``direct``: a part of it."""
    if kind == "array":
        return method in _ARRAY_METHODS
    return direct and kind == "plain" and method in _PLAIN_METHODS


def may_leave_receiver(method: str) -> bool:
    """Whether that depends on what the receiver is."""
    return method in _ARRAY_METHODS or method in _PLAIN_METHODS or method in QUIET_METHODS


def makes_array(call: ast.Call, module: str) -> bool:
    """Whether a call of a library function returns numbers in an array, as their names tell."""
    name = true_name(call.func, module)
    if module.partition(".")[0] not in ARRAY_PACKAGES or not name[:1].islower():
        return False
    return _NO_ARRAYS.isdisjoint(_way(call, module)) and is_pure_call(call, module)


def reason_dynamic(call: ast.Call) -> str:
    """Why a call can define or read names that the text does not show, "" if it cannot."""
    name = last_name(call.func)
    if name == "import_module" and not imported_by_text(call):
        return "`import_module()` of a name that is worked out"
    if isinstance(call.func, ast.Name) and (name in _DYNAMIC or (name == "dir" and not call.args)):
        return f"`{name}()`"
    return "`sys._getframe()`" if name in ("_getframe", "currentframe") else ""


def acts_unseen(call: ast.Call) -> bool:
    """Whether what is made changes something where no call of it stands: when it is read, or when
    an object goes."""
    return last_name(call.func) in _UNSEEN


def imported_by_text(call: ast.AST) -> str:
    """The module of ``import_module("a.b")``; "" of all other calls."""
    if not isinstance(call, ast.Call) or last_name(call.func) not in _BY_TEXT:
        return ""
    name = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else ""
    return name if isinstance(name, str) and not name.startswith(".") else ""


def is_switch(call: ast.Call, module: str) -> bool:
    """Whether a call of an imported name sets something global: a default, an option, a hook."""
    name = true_name(call.func, module)
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    way = module.split(".") if receiver is not None else module.split(".")[:-1]
    held = receiver.attr if isinstance(receiver, ast.Attribute) else (way or [""])[-1]
    if _SWITCH.match(name) or (name in _CHANGES and held in _GLOBAL_OBJECTS):
        return True
    return "patch" in (*module.split("."), held)  # `mock.patch.object`, `patch.dict`


def may_draw(module: str, name: str) -> bool:
    """Whether what was imported as ``from module import name`` may draw with matplotlib."""
    if module.startswith("sklearn.") and name:
        return "plot" in name or "Display" in name
    return module.partition(".")[0] not in NOT_DRAWING


def global_object(value: ast.expr, module: str) -> str:
    """The path of the global object that ``value``, rooted in an import, is; "" of others.

    ``plt.rcParams`` and ``decimal.getcontext()`` are such objects, ``np.zeros(3)`` is not.
    """
    if isinstance(value, ast.Call):
        name = true_name(value.func, module)
        return f"{module}.{name}" if name in _GIVES_GLOBAL else ""
    way: list[str] = []
    while isinstance(value, ast.Attribute):
        way.append(value.attr)
        value = value.value
    return ".".join((module, *reversed(way))) if isinstance(value, ast.Name) else ""
