"""The invariant record, and the JSON Lines files that hold it (relations.md, section 4)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tc_engine.errors import DataError
from tc_engine.files import filled_lines, read_text, write_whole

UNCONDITIONAL = "Unconditional"
OVER_BUDGET = "Over budget: "
CHECK_PATH = "Check the path given to -i"
KINDS = ("constant", "consistent", "unequal", "exist")


@dataclass(frozen=True)
class Clause:
    """A condition on one field of the records of an example.

    `constant`: all records hold one value, which is among `values`; `consistent`: they hold one
    value, whichever; `unequal`: all different; `exist`: the field is there. `path` leads into a
    context manager's arguments. `values` are canonical JSON texts.
    """

    kind: str
    field: str
    path: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    dtype: str = "None"


@dataclass(frozen=True)
class Condition:
    """A disjunction of conjunctions over one group of records, negated if `inverted`.

    An empty conjunction holds always; an empty disjunction never.
    """

    alternatives: tuple[tuple[Clause, ...], ...]
    inverted: bool = False


ALWAYS = Condition(((),))


@dataclass(frozen=True)
class Invariant:
    """A rule with its precondition, and how many examples it was learned from.

    `programs` are those in whose runs it held, where all runs tell theirs; `is_local`: it tells
    something of these only. `relation` and the keys of `params` are spelled as in TrainCheck's
    files. `source` is the object that it was read from: what this version does not know in it is
    written again.
    """

    relation: str
    params: tuple[dict[str, Any], ...]
    precondition: Mapping[str, Condition]
    text: str
    positive: int | None = None
    negative: int | None = None
    programs: tuple[str, ...] = ()
    is_local: bool = False
    source: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Failed:
    """A hypothesis that did not become an invariant, and why."""

    reason: str
    invariant: Invariant

    @property
    def is_over_budget(self) -> bool:
        """Whether it was not looked at, or not to the end, for the sake of time or noise."""
        return self.reason.startswith(OVER_BUDGET)


def write(path: Path, invariants: Iterable[Invariant]) -> None:
    """Write invariants, sorted by text and params, as JSON Lines, in one piece."""
    write_whole(path, "".join(to_lines(invariants)))


def to_lines(invariants: Iterable[Invariant]) -> Iterable[str]:
    """Return the lines of a file of these invariants, sorted by text and params."""
    return (json.dumps(to_json(item)) + "\n" for item in in_order(invariants))


def write_failed(path: Path, failed: Iterable[Failed]) -> None:
    """Write the hypotheses that failed, with their reason and counts, as JSON Lines."""
    lines = (json.dumps(_failed_to_json(item)) + "\n" for item in failed_in_order(failed))
    write_whole(path, "".join(lines))


def write_learned(path: Path, invariants: Iterable[Invariant], failed: Iterable[Failed]) -> Path:
    """Write invariants, and the hypotheses that failed beside them; return where these are."""
    beside = path.with_name(f"{path.name}.failed")
    write(path, invariants)
    write_failed(beside, failed)
    return beside


def read(paths: Sequence[Path]) -> list[Invariant]:
    """Read invariants files. Raises DataError that names file and line of what is not right."""
    return [invariant for path in paths for invariant in _read_file(path)]


def read_together(paths: Sequence[Path]) -> str:
    """Return the text of invariants files as that of one. Raises DataError as `read` does."""
    texts = (read_text(path, CHECK_PATH) for path in paths)
    return "".join(text if text.endswith("\n") or not text else text + "\n" for text in texts)


def to_json(invariant: Invariant) -> dict[str, Any]:
    """Return the object that a file holds for an invariant."""
    known: dict[str, Any] = {
        "text_description": invariant.text,
        "relation": invariant.relation,
        "params": list(invariant.params),
        "precondition": {
            group: _as_it_was(condition, invariant.source.get("precondition", {}).get(group))
            for group, condition in invariant.precondition.items()
        },
        "num_positive_examples": invariant.positive,
        "num_negative_examples": invariant.negative,
    }
    if invariant.programs:
        known["programs"] = list(invariant.programs)
    if invariant.is_local:
        known["is_local"] = True
    gone = {"programs", "is_local"} - known.keys()
    kept = {name: value for name, value in invariant.source.items() if name not in gone}
    return {**known, **kept, **known}


def from_json(content: Mapping[str, Any]) -> Invariant:
    """Return the invariant that an object of a file describes.

    Raises KeyError, TypeError or ValueError where it describes none.
    """
    params = content["params"]
    if not (isinstance(params, list) and params and all("param_type" in p for p in params)):
        raise ValueError("params is not a list of parameter objects")
    return Invariant(
        relation=str(content["relation"]),
        params=tuple(params),
        precondition={
            group: _condition_from_json(condition)
            for group, condition in content["precondition"].items()
        },
        text=str(content.get("text_description") or ""),
        positive=content.get("num_positive_examples"),
        negative=content.get("num_negative_examples"),
        programs=tuple(map(str, content.get("programs") or ())),
        is_local=bool(content.get("is_local")),
        source=content,
    )


def canonical(value: object) -> str:
    """Return a JSON value as the text that `canonical()` in sql/macros.sql makes of it."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 9e15:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def in_order(invariants: Iterable[Invariant]) -> list[Invariant]:
    """Return invariants in the order of files: by text, then relation and params."""
    return sorted(invariants, key=lambda item: (item.text, item.relation, json.dumps(item.params)))


def failed_in_order(failed: Iterable[Failed]) -> list[Failed]:
    """Return hypotheses that failed in the order of files."""
    return sorted(failed, key=lambda item: json.dumps(_failed_to_json(item)))


def _failed_to_json(failed: Failed) -> dict[str, Any]:
    invariant = to_json(failed.invariant)
    return {
        "failed_reason": failed.reason,
        "invariant": {**invariant, "precondition": "Failed"},
        "num_positive_examples": failed.invariant.positive,
        "num_negative_examples": failed.invariant.negative,
    }


def _as_it_was(condition: Condition, source: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the object that a condition was read from, if it says the same."""
    if source is not None and _condition_from_json(source) == condition:
        return source
    return _condition_to_json(condition)


def _condition_to_json(condition: Condition) -> dict[str, Any]:
    return {
        "inverted": condition.inverted,
        "preconditions": [
            {"clauses": [_clause_to_json(clause) for clause in alternative] or UNCONDITIONAL}
            for alternative in condition.alternatives
        ],
    }


def _condition_from_json(content: Mapping[str, Any]) -> Condition:
    alternatives = []
    for alternative in content["preconditions"]:
        clauses = alternative["clauses"]
        if clauses == UNCONDITIONAL:
            clauses = []
        alternatives.append(tuple(_clause_from_json(clause) for clause in clauses))
    return Condition(tuple(alternatives), bool(content["inverted"]))


def _clause_to_json(clause: Clause) -> dict[str, Any]:
    content: dict[str, Any] = {
        "type": clause.kind,
        "prop_name": clause.field,
        "additional_path": list(clause.path) or "None",
        "prop_dtype": clause.dtype,
    }
    if clause.kind == "constant":
        content["values"] = [json.loads(value) for value in clause.values]
    return content


def _clause_from_json(content: Mapping[str, Any]) -> Clause:
    if content["type"] not in KINDS:
        raise ValueError(f"unknown kind of clause {content['type']!r}")
    path = content.get("additional_path", "None")
    name = content["prop_name"]
    return Clause(
        kind=content["type"],
        field=name,
        path=() if path in ("None", None) else tuple(str(part) for part in path),
        values=tuple(sorted(canonical(value) for value in content.get("values", ()))),
        dtype=str(content.get("prop_dtype", "None")),
    )


def _read_file(path: Path) -> Iterable[Invariant]:
    for number, line in filled_lines(path, CHECK_PATH):
        try:
            yield from_json(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise DataError(
                f"{path}:{number}: not an invariant: {reason}",
                "An invariants file has one JSON object a line, as `tc-engine infer` writes it",
            ) from error
