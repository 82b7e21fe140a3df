"""Which calls work with files, and which of them only look."""

from __future__ import annotations

import ast

import pytest

from runner.codefacts import Files
from runner.filecalls import files_of

CALLS = {
    "open('a')": Files.READS,
    "open('a', 'r')": Files.READS,
    "open('a', mode='rb')": Files.READS,
    "open('a', 'w')": Files.WRITES,
    "open('a', 'r+')": Files.WRITES,
    "open('a', mode)": Files.WRITES,
    "path.open()": Files.READS,
    "path.open('rb')": Files.READS,
    "path.open('w')": Files.WRITES,
    "path.open('a', 1)": Files.WRITES,
    "path.open(mode)": Files.WRITES,
    "Path('a').open('w')": Files.WRITES,
    "Path('a').open()": Files.READS,
    "io.open('a')": Files.READS,
    "io.open('w', 'r')": Files.READS,
    "io.open('a', 'w')": Files.WRITES,
    "os.open('a', os.O_RDONLY)": Files.WRITES,  # flags, which are not looked at
    "shelve.open('a')": Files.WRITES,
    "path.read_text()": Files.READS,
    "path.exists()": Files.READS,
    "path.stat().st_size": Files.READS,
    "path.is_file()": Files.READS,
    "path.is_dir()": Files.READS,
    "os.path.exists('a')": Files.READS,
    "os.path.isfile('a')": Files.READS,
    "os.stat('a')": Files.READS,
    "there('a')": Files.READS,  # from os.path import exists as there
    "os.remove('a')": Files.WRITES,
    "os.replace('a', 'b')": Files.WRITES,
    "path.replace('b')": Files.WRITES,
    "text.replace('a', 'b')": Files.NONE,
    "path.unlink()": Files.WRITES,
    "path.touch()": Files.WRITES,
    "os.path.join('a', 'b')": Files.NONE,
    "os.getcwd()": Files.NONE,
    "np.load('a')": Files.READS,
    "np.load('a', mmap_mode='r+')": Files.WRITES,
    "torch.save(x, 'a')": Files.WRITES,
    "model.save_pretrained('a')": Files.WRITES,
    "BertModel.from_pretrained('a')": Files.READS,
    "Tokenizer.from_file('a')": Files.READS,
    "scipy.io.savemat('a', x)": Files.WRITES,
    "scipy.io.loadmat('a')": Files.READS,
    "load_file('a')": Files.READS,
    "save_file(x, 'a')": Files.WRITES,
    "subprocess.run(['a'])": Files.WRITES,
    "print('a')": Files.NONE,
}
MODULES = {
    "Path": "pathlib.Path",
    "there": "os.path.exists",
    "np": "numpy",
    "torch": "torch",
    **{name: name for name in ("io", "os", "shelve", "subprocess")},
}


@pytest.mark.parametrize(("text", "expected"), CALLS.items())
def test_what_a_call_does_with_files(text: str, expected: Files) -> None:
    call = next(n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call))
    root: ast.AST = call.func
    while isinstance(root, ast.Attribute | ast.Call):
        root = root.func if isinstance(root, ast.Call) else root.value
    assert isinstance(root, ast.Name)
    assert files_of(call, MODULES.get(root.id, "")) is expected
