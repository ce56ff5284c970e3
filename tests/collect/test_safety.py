"""Programs that do unusual things do the same under collection; all in one process."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import pytest

from tc_engine.dataset import open_dataset
from tests.collect.conftest import Collect, Collected
from tests.collect.safety_cases import CASES, HEAD, plain


@dataclass(frozen=True)
class Outputs:
    """What each case said, without the collector and with it."""

    plain: dict[str, str]
    collected: dict[str, str]
    done: Collected


def program() -> str:
    parts = [HEAD]
    for name, body in CASES.items():
        parts.append(f"def {name}():{textwrap.indent(body, '    ')}")
    names = ", ".join(CASES)
    parts.append(f"""
for case in ({names}):
    try:
        said = case()
    except Exception as error:
        said = error
    sys.stdout.write(f"{{case.__name__}}\\t{{said!r}}\\n")
    sys.stdout.flush()
sys.stdout.write(f"steps\\t{{len(stepped)}}\\n")
sys.exit(4)
""")
    return "\n".join(parts)


@pytest.fixture(scope="module")
def outputs(collect: Collect, tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    alone = plain(tmp_path_factory.mktemp("plain"), program())
    assert alone.code == 4, alone.stderr
    done = collect(program())
    assert done.code == 4, done.stderr
    return Outputs(_said(alone.stdout), _said(done.stdout), done)


def _said(text: str) -> dict[str, str]:
    return dict(line.split("\t") for line in text.splitlines())


@pytest.mark.parametrize("name", CASES)
def test_does_the_same(outputs: Outputs, name: str) -> None:
    assert outputs.collected[name] == outputs.plain[name]
    assert "Error(" not in outputs.plain[name] or "LookupError" in outputs.plain[name]


def test_the_trace_opens(outputs: Outputs) -> None:
    assert len({part.parent for part in open_dataset(outputs.done.run).parts}) > 1


def test_every_step_is_recorded(outputs: Outputs) -> None:
    """One object that cannot be read costs its own call, not the function for good."""
    (process,) = {c["process_id"] for c in outputs.done.named("Interrupted.forward")}
    steps = [c for c in outputs.done.named("SGD.step") if c["process_id"] == process]
    assert len(steps) == int(outputs.plain["steps"])
