"""Write docs/cli.md: every command with its arguments and options, from the help."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import typer
import typer.core

from tc_engine.cli._console import PROGRAM
from tc_engine.cli.app import app

PAGE = Path(__file__).resolve().parent / "cli.md"
HEAD = f"""# Every command

What `{PROGRAM} COMMAND --help` says, on one page, made by `make docs`. Exit codes, the files that
commands write, and what their words mean are in [commands.md](commands.md). A value such as
`RUN...` means that several may follow one flag: `-f run1 run2`.
"""
KEPT_AS_IT_IS = "\b"  # begins a paragraph of a help text that is not filled anew
# What the parser adds behind a text, such as `  [default: text]  [env var: NAME; x>=1]`.
EXTRAS = re.compile(r"(?:\s\s\[[^\[\]]+\])+$")


def page() -> str:
    """Return the text of the page; neither the terminal nor the environment has a say in it."""
    root = typer.main.get_command(app)
    with root.make_context(PROGRAM, [], resilient_parsing=True) as context:
        parts = [HEAD, *_command(root, context)]
        for name in root.list_commands(context):
            command = root.get_command(context, name)
            inner = command.make_context(name, [], parent=context, resilient_parsing=True)
            parts += _command(command, inner)
    return "\n".join(parts)


def _command(
    command: typer.core.TyperCommand | typer.core.TyperGroup, context: typer.Context
) -> Iterator[str]:
    yield f"## {context.command_path.removeprefix(PROGRAM).strip() or PROGRAM}\n"
    pieces = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{context.command_path} {_plain(pieces)}\n```\n"
    yield from _prose(command.help or "")
    for title in ("argument", "option"):
        found = [one for one in command.params if one.param_type_name == title]
        records = [one.get_help_record(context) for one in found if not one.hidden]
        records = [one for one in records if one is not None]
        if records:
            yield f"| {title} | meaning | default |\n| --- | --- | --- |"
            yield "\n".join(_row(*one) for one in records) + "\n"


def _prose(text: str) -> Iterator[str]:
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        first, _, rest = paragraph.removeprefix(KEPT_AS_IT_IS).lstrip("\n").partition("\n")
        if first.startswith("Example"):
            yield f"{first}\n\n```sh\n{inspect.cleandoc(rest)}\n```\n"
        else:
            yield _cell(f"{first}\n{rest}".rstrip()) + "\n"


def _row(names: str, text: str) -> str:
    found = EXTRAS.search(text)
    extras = re.findall(r"\[([^\[\]]+)\]", found.group()) if found else []
    meaning = _cell(text[: found.start()] if found else text)
    default = ""
    for extra in (one for group in extras for one in group.split("; ")):
        kind, _, value = extra.partition(": ")
        if kind == "default":
            default = _cell(value) if " " in value else f"`{value}`"
        elif kind == "env var":
            meaning += f" Environment: `{value}`."
        elif kind == "required":
            default = "required"
        else:
            meaning += f" `{extra}`."
    # Where the code gives a value no name, the parser shows its type.
    kind = " TEXT" if names.startswith("-") else ""
    name = re.sub(r" <[\w\[\]]+>$", kind, _plain(names)).replace("|", "\\|")
    return f"| `{name}` | {meaning} | {default} |"


def _plain(usage: str) -> str:
    """Without the braces and brackets around what has a name of its own."""
    plain = usage.replace("{", "").replace("}", "").replace("[[", "[").replace("]]", "]")
    return plain.replace("......", "...")


def _cell(text: str) -> str:
    """Escape what Markdown would take for its own; what is in backquotes stays."""
    pieces = text.split("`")
    pieces[::2] = [re.sub(r"([*_<>])", r"\\\1", piece) for piece in pieces[::2]]
    return "`".join(pieces).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
