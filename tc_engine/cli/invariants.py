"""`tc-engine invariants`: look into invariants files, and make one out of several."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tc_engine.cli._console import flush
from tc_engine.files import check_output

if TYPE_CHECKING:
    from tc_engine.invariants import Invariant


class Listing(StrEnum):
    """How invariants are listed."""

    TABLE = "table"
    JSONL = "jsonl"


def invariants(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Invariants files, taken together.")
    ],
    relation: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Only this relation. Repeat it for more.", show_default=False
        ),
    ] = None,
    api: Annotated[
        str, typer.Option(metavar="TEXT", help="Only those about a function or type named so.")
    ] = "",
    text: Annotated[
        str, typer.Option(metavar="TEXT", help="Only those that say this, in any case.")
    ] = "",
    min_support: Annotated[
        int, typer.Option(min=0, metavar="N", help="Only those with as many positive examples.")
    ] = 0,
    subtract: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE...", help="Leave out what is in these.", show_default=False),
    ] = None,
    drop_implied: Annotated[
        bool, typer.Option("--drop-implied", help="Leave out what another one implies.")
    ] = False,
    merge_sequences: Annotated[
        bool,
        typer.Option("--merge-sequences", help="Join pairs of lead and of cover into chains."),
    ] = False,
    form: Annotated[
        Listing, typer.Option("--format", help="What to print: for people, or a file's lines.")
    ] = Listing.TABLE,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write them here as well."),
    ] = None,
) -> None:
    """List, choose, merge and subtract invariants.

    \b
    Example:
      tc-engine invariants invariants.json --relation contain --api Adadelta
      tc-engine invariants a.json b.json --subtract noise.json --drop-implied -o c.json
    """
    from tc_engine import invariant_sets as sets
    from tc_engine import relations
    from tc_engine.invariants import read, write
    from tc_engine.sequences import merge_sequences as join

    known = relations.discover()
    titles = [relations.by_name(name, known).title for name in relation or ()]
    if output:
        check_output(output)
    found = sets.subtract(sets.merge(read(files)), read(subtract or ()))
    found = sets.choose(found, relations=titles, api=api, text=text, min_support=min_support)
    if drop_implied:
        found = sets.drop_implied(found)
    if merge_sequences:
        found = join(found, known)
    if output:
        write(output, found)
    _print(found, form)
    flush()


def _print(found: list[Invariant], form: Listing) -> None:
    from tc_engine.cli._formats import write_table
    from tc_engine.cli._rows import Column, Kind
    from tc_engine.invariant_sets import describe
    from tc_engine.invariants import in_order, to_lines

    if form is Listing.JSONL:
        sys.stdout.writelines(to_lines(found))
        return
    columns = [
        Column("relation", Kind.TEXT),
        Column("positive", Kind.NUMBER),
        Column("negative", Kind.NUMBER),
        Column("invariant", Kind.TEXT),
        Column("holds", Kind.TEXT),
    ]
    rows = [
        (
            one.relation.removesuffix("Relation"),
            one.positive,
            one.negative,
            one.text,
            "; ".join(describe(condition) for condition in one.precondition.values()),
        )
        for one in in_order(found)
    ]
    write_table(columns, [rows], sys.stdout)
