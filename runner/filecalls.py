"""Which calls look like work with files, and whether they may change what is there.

Tables for ``touching``. Blocks that only look need not see each other, but all that wrote before.
"""

from __future__ import annotations

import ast

from .codefacts import Files
from .effects import last_name, true_name
from .patterns import regex

_READS = frozenset(
    "load loadtxt read_text read_bytes read_csv read_parquet read_json read_pickle fromfile "
    "glob rglob iterdir listdir scandir walk exists is_file is_dir is_symlink is_mount is_socket "
    "is_fifo stat lstat owner samefile readlink genfromtxt imread urlopen from_pretrained "
    "from_file loadmat load_file load_model load_from_disk load_dataset read_excel read_feather "
    "read_hdf read_image safe_open".split()
)
_WRITES = frozenset(
    "save savez savez_compressed savetxt write_text write_bytes to_csv to_parquet to_json "
    "to_pickle savefig tofile mkdir makedirs unlink rename rmdir rmtree copyfile copytree system "
    "run Popen call check_call check_output urlretrieve touch symlink_to hardlink_to chmod "
    "imsave dump save_pretrained save_model save_to_disk save_file save_image savemat to_excel "
    "to_feather to_hdf".split()
)
# What these make writes later.
_HANDLES = frozenset(
    "connect memmap SummaryWriter FileHandler RotatingFileHandler TimedRotatingFileHandler".split()
)
_PACKAGES = frozenset(
    "os shutil zipfile tarfile h5py sqlite3 tempfile subprocess glob fileinput shelve dbm mmap "
    "gzip bz2 lzma safetensors".split()
)
_NO_FILES = frozenset(
    "join basename dirname splitext normpath split fspath fsdecode fsencode get getenv putenv "
    "cpu_count getpid update setdefault pop chdir urandom commonpath commonprefix abspath isabs "
    "normcase splitdrive expanduser relpath getcwd getppid uname".split()
)
# What the packages above hold that only looks.
_LOOKS = frozenset(
    "access listdir scandir walk stat lstat fstat statvfs readlink exists lexists isfile isdir "
    "islink ismount getsize getmtime getatime getctime samefile realpath glob iglob which "
    "disk_usage safe_open load_file".split()
)
_MODE = regex(r"[rwaxbtU+]{1,4}")
_READING_MODE = regex(r"[rbtU]{1,3}")
# Where `open` takes a mode; elsewhere it may take flags, or create what is missing.
_OPENERS = frozenset(("", "gzip", "bz2", "lzma", "io", "codecs", "tokenize", "PIL", "pathlib"))


def files_of(call: ast.Call, module: str) -> Files:
    """What the call does with files, or programs it starts; ``module`` as for ``is_pure_call``."""
    name = true_name(call.func, module)
    if name == "open":
        return Files.READS if _opens_to_read(call, module) else Files.WRITES
    if module.partition(".")[0] in _PACKAGES:
        if name in _NO_FILES:
            return Files.NONE
        return Files.READS if name in _LOOKS else Files.WRITES
    if name == "replace" and len(call.args) == 1 and not call.keywords:
        return Files.WRITES  # of a path; a text's takes two
    if name in _WRITES | _HANDLES or any(keyword.arg == "mmap_mode" for keyword in call.keywords):
        return Files.WRITES
    return Files.READS if name in _READS or last_name(call.func) in _READS else Files.NONE


def opens(call: ast.Call, module: str) -> bool:
    """Whether what the call returns may write files when it is used."""
    made = true_name(call.func, module)
    is_file = made in _HANDLES or made == "open" or made[:1].isupper()
    return is_file and files_of(call, module) is Files.WRITES


def _opens_to_read(call: ast.Call, module: str) -> bool:
    """Whether a file is opened without a mode, or with one that cannot write."""
    if module.partition(".")[0] not in _OPENERS:
        return False
    mode = next((k.value for k in call.keywords if k.arg == "mode"), None)
    if mode is None and isinstance(call.func, ast.Name):
        mode = call.args[1] if len(call.args) > 1 else None
    elif mode is None:  # of a path, or the function of a module, which takes the file first
        texts = [arg for arg in call.args[:2] if not _is_number(arg)]
        mode = texts[-1] if texts else None
        is_path = not module or module.startswith("pathlib")
        if len(texts) == 1 and (not is_path or _is_name_of_file(texts[0])):
            mode = None
    if mode is None:
        return True
    return isinstance(mode, ast.Constant) and bool(_READING_MODE.fullmatch(str(mode.value)))


def _is_number(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Constant) and isinstance(argument.value, int)


def _is_name_of_file(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Constant) and not _MODE.fullmatch(str(argument.value))
