"""Notebook files: read with limits, converted, validated, and never written over another's work."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

from ..atomic import WriteError, create
from ..errors import UserError, system_words
from ..notebook import Notebook, NotebookFault, read, version, write
from ..store import inside

LARGEST = 256 * 2**20  # bytes of a notebook


def read_notebook(path: Path) -> Notebook:
    """The notebook at ``path``, of nbformat 3 to 4.5. Raises ``UserError``; executes nothing."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            remedy = "clear its largest outputs in Jupyter"
            raise UserError(f"{path} is larger than {LARGEST // 2**20} MB: {remedy}")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({system_words(error)}): name a notebook") from None
    except UnicodeDecodeError as error:
        remedy = "name a file that Jupyter saved"
        raise UserError(f"{path} is no text in UTF-8 (byte {error.start}): {remedy}") from None
    try:
        return read(_as_version_4(json.loads(text)))
    except json.JSONDecodeError as error:
        what = f"is no JSON (line {error.lineno}: {error.msg})"
        raise UserError(f"{path} {what}: save it again where it came from") from None
    except RecursionError:
        raise UserError(f"{path} nests too deeply for a notebook: save it again") from None
    except NotebookFault as fault:
        raise UserError(f"{path} {fault}") from None


def _as_version_4(data: Any) -> dict[str, Any]:
    """``data`` of version 3 converted by nbformat. Raises ``NotebookFault``."""
    major, _ = version(data)
    if major == 4:
        return dict(data)
    import nbformat

    convert: Any = nbformat.convert
    read_v3: Any = nbformat.v3.nbjson.reads
    try:
        return dict(convert(read_v3(json.dumps(data)), 4))
    except (KeyError, AttributeError, TypeError, ValueError, IndexError) as error:
        remedy = "open it in Jupyter and save it again"
        what = f"is damaged ({type(error).__name__}: {error})"
        raise NotebookFault(f"{what}, so nbformat cannot convert it: {remedy}") from None


def as_bytes(notebook: Notebook) -> bytes:
    """The file of a notebook, as Jupyter writes it. Valid by nbformat's schema."""
    import nbformat

    data = write(notebook)
    as_nodes: Any = nbformat.from_dict
    nbformat.validate(as_nodes(data))
    return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()


def write_export(path: Path, data: bytes, note: str, root: Path) -> bool:
    """Write our export of ``note`` to ``path``; False where it holds the same already.

    Raises ``WriteError`` for a file that is no export of this note, and for one that somebody
    changed since.
    """
    if _real(path).is_relative_to(_real(root)):
        inside(path, root)
    if path.exists():
        old = path.read_bytes()
        if old == data:
            return False
        _refuse_foreign(path, note)
    path.parent.mkdir(parents=True, exist_ok=True)
    create(path, data)
    return True


def _refuse_foreign(path: Path, note: str) -> None:
    try:
        there = read_notebook(path)
    except UserError:
        there = Notebook(())
    if there.ours.get("note") != note:
        hint = "move or rename it, or export to another folder with -o"
        raise WriteError(path, f"is there already and no export of {note}", hint)
    if there.ours.get("fingerprint") != there.fingerprint():
        hint = "import it under another name, move it, or delete it"
        raise WriteError(path, "was changed since it was exported", hint)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def redraw(picture: bytes) -> bytes | None:
    """A picture of any kind as PNG, None where it cannot be read."""
    from PIL import Image

    buffer = io.BytesIO()
    try:
        with Image.open(io.BytesIO(picture)) as image:
            image.convert("RGBA" if image.mode in ("P", "LA", "RGBA") else "RGB").save(
                buffer, format="PNG"
            )
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return buffer.getvalue()
