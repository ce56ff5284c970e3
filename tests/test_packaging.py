"""The wheel holds all that the commands need: built, installed beside nothing, and run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
import typer

import tc_engine

ROOT = Path(__file__).resolve().parent.parent


SOURCES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "tc_engine", "sql")
LIBRARY = "tc_engine/collect/_native.so"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("wheel"))


def built(folder: Path, **environment: str) -> Path:
    """Build a wheel from a copy, where what is compiled is in nobody's way."""
    (folder / "source").mkdir()
    for name in SOURCES:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / "source" / name)
    (folder / "source" / LIBRARY).unlink(missing_ok=True)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder / "wheel"]
    subprocess.run([*build, folder / "source"], check=True, env={**os.environ, **environment})
    (file,) = (folder / "wheel").iterdir()
    return file


@pytest.mark.slow
def test_the_wheel_holds_every_sql_file(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for file in (ROOT / "sql").rglob("*.sql"):
        assert f"tc_engine/{file.relative_to(ROOT)}" in names
    assert "tc_engine/py.typed" in names
    assert f"tc_engine-{tc_engine.__version__}.dist-info/licenses/LICENSE" in names
    assert not any(name.startswith(("tests/", "sql/")) for name in names)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_the_wheel_holds_the_compiled_code(wheel: Path) -> None:
    assert LIBRARY in zipfile.ZipFile(wheel).namelist()
    assert "-py3-none-" in wheel.name
    assert not wheel.name.endswith("-any.whl")


@pytest.mark.slow
def test_a_wheel_is_built_without_a_compiler(tmp_path: Path) -> None:
    wheel = built(tmp_path, CC="no-such-compiler")
    assert LIBRARY not in zipfile.ZipFile(wheel).namelist()
    assert wheel.name.endswith("-py3-none-any.whl")


@pytest.mark.slow
def test_the_installed_wheel_works(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    site = next(home.glob("lib/python3*/site-packages"))
    install = [sys.executable, "-m", "pip", "--python", home / "bin" / "python", "install"]
    subprocess.run([*install, "--quiet", "--no-deps", wheel], check=True)
    # The dependencies are those of this environment; the package itself must be the wheel's, so
    # the folder is added without its .pth files, which name the checkout.
    dependencies = Path(typer.__file__).parent.parent
    (site / "dependencies.pth").write_text(f"{dependencies}\n")

    def run(*argv: str) -> str:
        command = [home / "bin" / "tc-engine", *argv]
        return subprocess.run(
            command, check=True, capture_output=True, text=True, cwd=tmp_path
        ).stdout

    assert run("--version") == f"tc-engine {tc_engine.__version__}\n"
    shown = run("sql", "--show", "settings")
    assert str(site) in shown.splitlines()[0]
    assert shown.endswith((ROOT / "sql" / "settings.sql").read_text())
