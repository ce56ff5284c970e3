from __future__ import annotations

import pytest
import typer

from tc_engine.cli import _argv
from tc_engine.cli.app import app


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ""),
        ("--help", "--help"),
        ("infer -f a", "infer -f a"),
        ("infer -f a b c", "infer -f a -f b -f c"),
        ("infer -f a b -o out", "infer -f a -f b -o out"),
        ("infer --trace-folders=a b", "infer --trace-folders=a --trace-folders b"),
        (
            "infer -f a --enable-relation contain lead --min-support 3",
            "infer -f a --enable-relation contain --enable-relation lead --min-support 3",
        ),
        ("infer -f", "infer -f"),
        ("infer -f -v", "infer -f -v"),
        ("infer -f a -- b c", "infer -f a -- b c"),
        ("infer stray -f a b", "infer stray -f a -f b"),
        ("check -f a b -i x y -o dir", "check -f a -f b -i x -i y -o dir"),
        ("check --suppressions a b -f c", "check --suppressions a --suppressions b -f c"),
        ("sql a b -c Q", "sql a b -c Q"),
        ("ingest a b -o out", "ingest a b -o out"),
        (
            "collect --models-to-track m1 m2 -o run -- python x.py",
            "collect --models-to-track m1 --models-to-track m2 -o run -- python x.py",
        ),
        (
            "collect -o run python x.py --models-to-track a b",
            "collect -o run python x.py --models-to-track a b",
        ),
        (
            "collect --pyscript mnist.py --models-to-track model --output-dir run",
            "collect --pyscript mnist.py --models-to-track model --output-dir run",
        ),
        ("collect -o run -- python -f a b", "collect -o run -- python -f a b"),
    ],
)
def test_many_values_after_a_flag(given: str, expected: str) -> None:
    assert _argv.expand(given.split()) == expected.split()


@pytest.mark.parametrize("command", _argv.MANY_VALUES)
def test_the_flags_are_those_of_the_commands(command: str) -> None:
    group = typer.main.get_command(app)
    params = [p for p in group.commands[command].params if p.param_type_name == "option"]
    many = {name for p in params if p.multiple for name in p.opts}
    one = {name for p in params if not p.multiple and not p.is_flag for name in p.opts}
    assert many >= _argv.MANY_VALUES[command]
    assert one | many >= _argv.ONE_VALUE.get(command, frozenset())
    if command == "collect":
        assert one | many == _argv.ONE_VALUE[command] | _argv.MANY_VALUES[command]


def test_a_flag_whose_help_shows_dots_takes_many_values() -> None:
    for name, command in typer.main.get_command(app).commands.items():
        for param in command.params:
            if param.param_type_name == "option" and str(param.metavar).endswith("..."):
                assert set(param.opts) <= _argv.MANY_VALUES.get(name, frozenset()), (name, param)
