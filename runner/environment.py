"""Which of the user's environment variables a worker finds, and which hold secrets.

A worker gets what programs need to start and what steers the libraries of notes. All else, and
everything that looks like a secret, stays behind unless a block declares it with ``#| env:``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from .patterns import regex

_NAMES = frozenset(
    """
    PATH HOME USER LOGNAME USERNAME USERPROFILE SHELL LANG LANGUAGE TZ TMPDIR TEMP TMP TERM
    COLUMNS LINES DISPLAY WAYLAND_DISPLAY
    SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT APPDATA LOCALAPPDATA PROGRAMDATA PROGRAMFILES
    PROGRAMFILES(X86) PROGRAMW6432 COMMONPROGRAMFILES HOMEDRIVE HOMEPATH ALLUSERSPROFILE PUBLIC
    NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE PROCESSOR_IDENTIFIER OS
    LD_LIBRARY_PATH LD_PRELOAD DYLD_LIBRARY_PATH DYLD_FALLBACK_LIBRARY_PATH LIBRARY_PATH CPATH
    CC CXX CFLAGS CXXFLAGS LDFLAGS
    VIRTUAL_ENV PYTHONPATH PYTHONHOME PYTHONNOUSERSITE PYTHONUSERBASE PYTHONMALLOC
    SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE
    HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY
    """.split()
)
_PREFIXES = tuple(
    """
    LC_ XDG_ CONDA_ NIX_ CUDA NVIDIA_ NCCL_ CUBLAS_ CUDNN_ ROCM_ ROCR_ HIP_ HSA_
    OMP_ GOMP_ KMP_ MKL_ OPENBLAS_ BLIS_ VECLIB_ NUMEXPR_ NUMBA_ TBB_
    TORCH PYTORCH_ TRITON_ INDUCTOR_ XLA_ JAX_ TF_ KERAS_
    HF_ HUGGINGFACE_ TRANSFORMERS_ TOKENIZERS_ SKLEARN_ SCIKIT_LEARN_ JOBLIB_ MPL MATPLOTLIB
    SLURM_ PBS_ LSB_ RUNNER_
    """.split()
)
# Words of a name behind which a secret stands.
_SECRET = regex(
    r"TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL"
    r"|(?:^|_|API|ACCESS)KEYS?(?:_|\d*$)|(?:^|_)(?:PAT|PWD)\d*$"
)


def is_secret(name: str) -> bool:
    """Whether the value of the variable ``name`` is to be kept from notes."""
    return name.upper() not in ("PWD", "OLDPWD") and bool(_SECRET.search(name.upper()))


def handed_on(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of ``environ`` that every worker gets."""
    return {name: value for name, value in environ.items() if is_handed_on(name)}


@lru_cache(maxsize=1024)
def is_handed_on(name: str) -> bool:
    """Whether a worker gets the variable ``name`` though no block declares it."""
    upper = name.upper()
    return (upper in _NAMES or upper.startswith(_PREFIXES)) and not is_secret(name)


def of_pytest(name: str) -> bool:
    """Whether pytest, its workers of xdist or coverage.py keep a variable while tests run."""
    return name.startswith(
        ("PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTEST_XDIST_", "COV_CORE_", "COVERAGE_")
    )


def worker_environment(threads: int) -> dict[str, str]:
    """What every worker finds in its environment, whatever its door's says."""
    return {
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "PASSIVE",
        "MPLBACKEND": "agg",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }


def declared(environ: Mapping[str, str], names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Those of ``names`` that are set, with their values, for the job whose blocks declare them."""
    return tuple((name, environ[name]) for name in sorted(set(names)) if name in environ)
