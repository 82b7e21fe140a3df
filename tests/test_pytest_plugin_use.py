"""`pytest` over notes: the device and the order of sets, as the user asks for them."""

from __future__ import annotations

import pytest
from test_pytest_plugin import TWO, Pytest
from vaults import Home, fence


@pytest.fixture
def run_pytest(home: Home) -> Pytest:
    return Pytest(home)


def test_the_device_is_a_fixture_and_a_name(home: Home, run_pytest: Pytest) -> None:
    code = ("def test_device(device):", "    assert str(device) == 'cpu'")
    home.write(
        "A.md", fence("test", "t", *code) + fence("test", "g", "assert device.type == 'cpu'")
    )
    found = run_pytest("vault", "--device", "cpu", "-W", "error::pytest.PytestWarning")
    assert list(found.values()) == ["passed"] * 2, run_pytest.out


@pytest.mark.parametrize(
    ("device", "told"),
    [
        ("toaster", "`toaster` is no device: choose one of auto, cpu, cuda, cuda:n, mps"),
        (
            "cpu,cuda",
            "`cpu,cuda` names several devices: choose one of auto, cpu, cuda, cuda:n, mps",
        ),
        ("cuda:99", "this machine has no cuda:99: choose one of cpu"),
    ],
)
def test_a_wrong_device_is_wrong_use(
    home: Home, run_pytest: Pytest, device: str, told: str
) -> None:
    home.write("A.md", TWO)
    run_pytest("vault", "--device", device)
    assert run_pytest.code == pytest.ExitCode.USAGE_ERROR
    said = [line for line in run_pytest.out.splitlines() if line.strip()]
    assert len(said) == 1 and said[0].startswith(f"ERROR: --device: {told}"), run_pytest.out


def test_a_wrong_device_of_the_vault_is_told_without_our_frames(
    home: Home, run_pytest: Pytest
) -> None:
    home.write(".runner.toml", 'device = "toaster"\n')
    home.write("A.md", TWO)
    run_pytest("vault")
    assert run_pytest.code == pytest.ExitCode.INTERRUPTED
    assert "`toaster` is no device: choose by --device, or `device` in" in run_pytest.out
    assert ".py:" not in run_pytest.out


@pytest.mark.parametrize(
    ("seed", "arguments", "told"),
    [
        (None, [], 1),
        ("0", [], 0),
        ("7", [], 1),
        (None, ["-n", "2"], 0),  # workers are given it
        ("7", ["-n", "2"], 1),
        (None, ["--ignore-glob=*.md"], 0),
    ],
)
def test_another_order_of_sets_than_under_run_is_told_once(
    home: Home, run_pytest: Pytest, seed: str | None, arguments: list[str], told: int
) -> None:
    home.write("A.md", TWO)
    home.write("B.md", TWO)
    home.env.pop("PYTHONHASHSEED", None)
    home.env.update({"PYTHONHASHSEED": seed} if seed else {})
    run_pytest("vault", *arguments)
    assert run_pytest.out.count("start as `PYTHONHASHSEED=0 pytest …`") == told, run_pytest.out


@pytest.mark.parametrize("arguments", [[], ["-n", "2"]])
def test_hashes_are_those_of_run(home: Home, run_pytest: Pytest, arguments: list[str]) -> None:
    home.write("A.md", fence("test", "t", "assert hash('runner') == -7640721870115541061"))
    home.env.pop("PYTHONHASHSEED", None)
    home.env.update({} if arguments else {"PYTHONHASHSEED": "0"})
    assert set(run_pytest("vault", *arguments).values()) == {"passed"}, run_pytest.out
    assert home.run("--no-write").blocks()["A.md#t"]["status"] == "ok"
