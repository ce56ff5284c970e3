"""Report a check to experiment trackers.

They are extras: what they need is imported when one is asked for, and not before.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, Protocol

from tc_engine.errors import DataError, TcEngineError, UsageError
from tc_engine.report.trackers import on_mlflow, on_wandb
from tc_engine.report.trackers.content import Content, to_content

_SAID = 600  # characters of what a tracker says when it fails


class Tracker(Protocol):
    """A tracker that is ready to be told."""

    @property
    def title(self) -> str:
        """Its name."""

    @property
    def hint(self) -> str:
        """What to do where it fails."""

    def send(self, content: Content) -> str:
        """Tell the tracker; return where it is found there."""


def open_trackers(wandb: str | None, mlflow: str | None, *, verbose: bool) -> list[Tracker]:
    """Return the trackers of some targets, before there is anything to tell.

    Raises UsageError for a target that is none, and where the package or an account is missing.
    """
    trackers: list[Tracker] = []
    if wandb is not None:
        with _asking("W&B", UsageError, on_wandb.SET_UP, extra="wandb"):
            trackers.append(on_wandb.open_tracker(wandb, verbose=verbose))
    if mlflow is not None:
        with _asking("MLflow", UsageError, on_mlflow.SET_UP, extra="mlflow"):
            trackers.append(on_mlflow.open_tracker(mlflow))
    return trackers


def report(
    trackers: Sequence[Tracker],
    document: Mapping[str, Any],
    folder: Path,
    tell: Callable[[str], None],
) -> None:
    """Tell trackers what is in `results.json` and its folder; `tell` where it is found.

    Raises DataError for those that fail, after all were told.
    """
    content = to_content(document, folder)
    failures = []
    for tracker in trackers:
        try:
            with _asking(tracker.title, DataError, tracker.hint, extra=""):
                place = tracker.send(content)
        except DataError as error:
            failures.append(error)
        else:
            tell(f"reported to {tracker.title}: {place}")
    if failures:
        raise DataError(
            "; ".join(one.message for one in failures),
            " ".join(["The results are written.", *(one.hint for one in failures)]),
        )


@contextmanager
def _asking(title: str, kind: type[TcEngineError], hint: str, *, extra: str) -> Iterator[None]:
    """Raise `kind` for whatever a tracker's library raises, and keep stdout free of its words."""
    try:
        with redirect_stdout(sys.stderr):
            yield
    except TcEngineError:
        raise
    except ImportError as error:
        hint = f"pip install 'tc-engine[{extra}]'" if extra else hint
        raise kind(f"{title} cannot be used: {_said(error)}", hint) from error
    except Exception as error:  # each library, and each version of it, has errors of its own
        raise kind(f"{title} failed: {_said(error)}", hint) from error


def _said(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return textwrap.shorten(text, _SAID, placeholder=" ...").rstrip(".")
