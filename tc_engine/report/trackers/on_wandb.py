"""Report a check to Weights & Biases, in a run of its own or in that of the training."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from contextlib import ExitStack, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from tc_engine.errors import UsageError
from tc_engine.report.trackers.content import PREFIX, Content

SET_UP = "Try `wandb login`, or WANDB_MODE=offline and `wandb sync` later"
JOB = "tc-engine-check"
RESULTS = "tc-engine-results"

# The characters that W&B allows in a name, and the parts of the address of a run's page.
_PART = r"[^/\\#?%:\s][^/\\#?%:]{0,127}"
_TARGET = re.compile(
    rf"(?:(?P<entity>{_PART})/)?(?P<project>{_PART})(?:/runs/(?P<run>{_PART}))?", re.ASCII
)
_NOT_IN_NAMES = re.compile(r"[^\w.-]", re.ASCII)


@dataclass(frozen=True)
class WandbTracker:
    """A project, and a run of it that goes on if one is named."""

    entity: str | None
    project: str
    run: str | None
    verbose: bool
    title: str = "W&B"
    hint: str = "Check again when W&B can be reached, or with WANDB_MODE=offline for `wandb sync`"

    def send(self, content: Content) -> str:
        """Tell it all; return the address of the run, or what sends it if W&B is offline."""
        from wandb import teardown  # noqa: PLC0415 - an extra

        try:
            return self._send(content)
        finally:
            teardown()  # what is on disk is whole only then

    def _send(self, content: Content) -> str:
        import wandb  # noqa: PLC0415 - an extra

        # A run that goes on keeps its name, kind and tags.
        given: dict[str, Any] = (
            {"id": self.run, "resume": "must"}
            if self.run
            else {"name": content.title, "job_type": JOB, "tags": [PREFIX]}
        )
        settings = self._settings()
        with wandb.init(
            entity=self.entity, project=self.project, settings=settings, **given
        ) as run:
            run.config.update({PREFIX: dict(content.facts)}, allow_val_change=True)
            run.log(_named(_media(content)))
            run.summary.update(_named(content.numbers))
            results = wandb.Artifact(_NOT_IN_NAMES.sub("-", f"{RESULTS}-{run.id}"), RESULTS)
            for file in content.files:
                results.add_file(str(file), file.relative_to(content.folder).as_posix())
            logged = run.log_artifact(results)
            if run.disabled:
                return "nothing, its mode is disabled"
            if run.offline:
                return f"`wandb sync {Path(run.dir).parent}` sends it"
            logged.wait()  # an upload that fails is told here only
            return str(run.url)

    def _settings(self) -> Any:
        import wandb  # noqa: PLC0415 - an extra

        # What it would record of this process and machine says nothing of the training, and in a
        # run that goes on it would take the place of what the training recorded.
        return wandb.Settings(
            console="off",
            disable_code=True,
            disable_git=True,
            silent=not self.verbose,
            x_disable_machine_info=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_save_requirements=False,
        )


def open_tracker(target: str, *, verbose: bool) -> WandbTracker:
    """Return the tracker of `[ENTITY/]PROJECT[/runs/RUN_ID]`, and make sure of an account.

    On a terminal W&B may ask for a key. Raises UsageError for another target, and what the package
    raises.
    """
    parts = _TARGET.fullmatch(target)
    if parts is None:
        raise UsageError(
            f"--report-wandb {target} names no project",
            "Write [ENTITY/]PROJECT, or [ENTITY/]PROJECT/runs/RUN_ID for a run that goes on",
        )
    from wandb import login, teardown  # noqa: PLC0415 - an extra

    with ExitStack() as stack:
        if not (sys.stdin and sys.stdin.isatty()):
            stack.enter_context(redirect_stderr(StringIO()))  # it only says what is in order
        try:
            login(verify=False)
        finally:
            teardown()  # no process of theirs while the check works
    return WandbTracker(parts["entity"], parts["project"], parts["run"], verbose)


def _media(content: Content) -> dict[str, Any]:
    import wandb  # noqa: PLC0415 - an extra

    found: dict[str, Any] = {
        name: wandb.Table(columns=list(table.columns), data=[*map(list, table.rows)])
        for name, table in content.tables.items()
    }
    if content.page:
        # As it is: the page needs no style of theirs, and its text is escaped.
        text = content.page.read_text(encoding="utf-8")
        found["report"] = wandb.Html(text, inject=False, data_is_not_path=True)
    return found


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{PREFIX}/{name}": value for name, value in values.items()}
