"""What every learned precondition must do: let no negative example pass, and every positive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.reference.precondition import Record, holds

Example = Sequence[Record]
"""The flat records of an example: one for most relations, two for a pair."""


def assert_safe(
    group: Mapping[str, Any], positives: Iterable[Example], negatives: Iterable[Example]
) -> None:
    """Fail with the first example that the group of a precondition judges wrongly."""
    for example in positives:
        assert holds(group, example), f"a positive example does not pass {group}: {example}"
    for example in negatives:
        assert not holds(group, example), f"a negative example passes {group}: {example}"
