"""Where the program's own code called: of its functions, of what libraries do, and of neither."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from tc_engine.collect.sources import Places, without_home
from tc_engine.sourcefiles import digest_of
from tests.collect.conftest import Collected, collect_command

FILES = {
    "main.py": """
        import sys, threading
        import torch
        from torch import nn
        from torch.utils.data import DataLoader, TensorDataset
        sys.path.append("env/site-packages")
        import library
        from package.model import Net

        x = torch.ones(2, 2)

        def in_thread():
            torch.stack([x])  # @stack

        torch.sigmoid(x)  # @sigmoid
        torch.log_softmax(
            x,  # the call begins in the line above
            dim=0,
        )
        model = Net()
        model(x)  # @net
        library.matmul(x)  # @matmul
        library.apply(lambda: torch.flatten(x))  # @flatten
        library.Layer()(x)  # @layer
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)  # @optimizer
        for thread in (
            threading.Thread(target=in_thread), threading.Thread(target=torch.cat, args=([x],))
        ):
            thread.start()
            thread.join()
        exec(compile("\\ntorch.bmm(x[None], x[None])", "<ipython-input-1-abc>", "exec"))
        exec(compile("torch.addmm(x, x, x)", "/tmp/ipykernel_12/34.py", "exec"))
        exec("torch.mm(x, x)")  # @mm
        for batch in DataLoader(TensorDataset(x), num_workers=1):  # @loader
            pass
        """,
    "package/model.py": """
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 2)  # @fc

            def forward(self, x):
                return torch.tanh(self.fc(x))  # @tanh
        """,
    "env/site-packages/library.py": """
        import torch

        class Layer(torch.nn.Module):
            def forward(self, x):
                return torch.softmax(x, 0)

        def matmul(x):
            return torch.matmul(x, x)

        def apply(function):
            return function()
        """,
}


def write(folder: Path, files: dict[str, str] = FILES) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip())


def marked(folder: Path) -> dict[str, str]:
    """Return the places of the lines that are marked `# @name`."""
    return {
        line.rpartition("# @")[2]: f"{file.relative_to(folder)}:{number}"
        for file in folder.glob("**/*.py")
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if "# @" in line
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sources")
    write(made)
    return made


@pytest.fixture(scope="module")
def done(folder: Path) -> Collected:
    done = collect_command(folder / "run", [sys.executable, "main.py"], cwd=folder)
    assert done.code == 0, done.stderr
    return done


def source(done: Collected, ending: str) -> str | None:
    (found,) = {call["source"] for call in done.named(ending)}
    return found


@pytest.mark.parametrize(
    ("function", "mark"),
    [
        ("Class.sigmoid", "sigmoid"),
        ("package.model.Net.forward", "net"),
        ("Class.tanh", "tanh"),
        ("linear.Linear.forward", "tanh"),
        ("init.kaiming_uniform_", "fc"),  # in nn.Linear, which no recorded call is around
        ("Class.matmul", "matmul"),
        ("Class.flatten", "flatten"),
        ("library.Layer.forward", "layer"),
        ("Optimizer.__init__", "optimizer"),
        ("Class.stack", "stack"),
        ("Class.mm", "mm"),
        ("DataLoader.__iter__", "loader"),
        ("__next__", "loader"),
    ],
)
def test_a_call_has_the_place_of_the_nearest_own_frame(
    done: Collected, folder: Path, function: str, mark: str
) -> None:
    assert source(done, function) == marked(folder)[mark]


@pytest.mark.parametrize(
    "function",
    [
        "_nn.linear",  # torch's own, inside Linear.forward
        "Class.softmax",  # the library's own, inside Layer.forward
        "Class.cat",  # called by the thread
        "_MapDatasetFetcher.fetch",  # in a worker of a loader
    ],
)
def test_what_the_program_did_not_call_itself_has_none(done: Collected, function: str) -> None:
    assert source(done, function) is None


def test_cells_and_calls_of_several_lines(done: Collected, folder: Path) -> None:
    lines = (folder / "main.py").read_text().splitlines()
    assert source(done, "Class.bmm") == "<ipython-input-1-abc>:2"
    assert source(done, "Class.addmm") == "/tmp/ipykernel_12/34.py:1"
    begin = lines.index("torch.log_softmax(") + 1
    assert source(done, "Class.log_softmax") == f"main.py:{begin}"


def test_the_manifest_tells_the_files_as_they_were(done: Collected, folder: Path) -> None:
    files = done.manifest["notes"]["files"]
    assert files == {
        name: digest_of((folder / name).read_bytes()) for name in ("main.py", "package/model.py")
    }
    assert done.manifest["notes"]["directory"] == without_home(folder.resolve())
    assert all(state["source"] is None for state in done.states)


def test_elsewhere_and_where_the_search_fails(tmp_path: Path) -> None:
    text = """
        import torch
        from tc_engine.collect.session import Session
        x = torch.ones(2)
        torch.relu(x)
        def fail(call):
            raise RuntimeError("no place")
        Session.active._recorder.sources.find = fail
        print(torch.sigmoid(x).shape, torch.sigmoid(x).shape)
        """
    write(tmp_path, {"code/main.py": text})
    (tmp_path / "here").mkdir()
    done = collect_command(
        tmp_path / "run",
        [sys.executable, str(tmp_path / "code/main.py")],
        cwd=tmp_path / "here",
        env={"HOME": str(tmp_path)},
    )
    assert (done.code, done.stdout) == (0, "torch.Size([2]) torch.Size([2])\n")
    assert source(done, "Class.relu") == "~/code/main.py:4"
    assert done.manifest["notes"]["directory"] == "~/here"
    assert done.named("Class.sigmoid") == []
    (errors,) = done.manifest["notes"]["internal_errors"]
    assert ["no place" in error for error in errors.values()] == [True]


@pytest.mark.slow
def test_compiled_code(tmp_path: Path) -> None:
    text = """
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 2)
            def forward(self, x):
                x = self.fc(x)
                torch._dynamo.graph_break()
                return torch.tanh(x)

        model = Net()
        compiled = torch.compile(model, backend="eager")
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            compiled(torch.ones(2, 2)).sum().backward()  # @backward
            optimizer.step()  # @step
        """
    write(tmp_path, {"main.py": text})
    done = collect_command(tmp_path / "run", [sys.executable, "main.py"], cwd=tmp_path)
    assert done.code == 0, done.stderr
    assert done.manifest["notes"]["internal_errors"] == []
    assert source(done, "SGD.step") == marked(tmp_path)["step"]
    assert source(done, "Tensor.backward") == marked(tmp_path)["backward"]


class Called:
    """A call as the writer sees it: its code and the instruction that called."""

    def __init__(self, file: str, text: str = "f()") -> None:
        self.code = compile(text, file, "exec")
        self.instruction = list(self.code.co_lines())[-1][0]


def test_names_of_files(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real").mkdir()
    places = Places(tmp_path / "link")
    for file, name in (
        (str(tmp_path / "link" / "a.py"), "a.py"),
        (str(tmp_path / "real" / "sub" / "a.py"), "sub/a.py"),
        ("sub/b.py", "sub/b.py"),
        ("../c.py", str(tmp_path / "c.py")),
        ("<stdin>", "<stdin>"),
        ("bad\udcff.py", "bad?.py"),
    ):
        assert places.text(Called(file)) == f"{name}:1"  # type: ignore[arg-type]
    assert places.text(Called("<stdin>", "\n\nf()")) == "<stdin>:3"  # type: ignore[arg-type]
    assert places.digests == {}


def test_the_home_directory_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert without_home(Path("/home/me/a.py")) == "~/a.py"
    assert without_home(Path("/home/me")) == "~"
    assert without_home(Path("/home/meadow/a.py")) == "/home/meadow/a.py"
    monkeypatch.setenv("HOME", "/")
    assert without_home(Path("/a.py")) == "/a.py"
