"""Report a check to MLflow, in a run of its own or in that of the training."""

from __future__ import annotations

import json
import logging
import re
from contextlib import suppress
from dataclasses import dataclass
from time import time
from typing import Any

from tc_engine.errors import UsageError
from tc_engine.report.trackers.content import PREFIX, Content, Table

SET_UP = "MLFLOW_TRACKING_URI says where it is"

_RUN = re.compile(r"runs:/+([A-Za-z0-9][\w-]{0,255})", re.ASCII)
_LONGEST = 500  # characters of a parameter, in every store
_TABLES = "mlflow.loggedArtifacts"  # the tag that names the artifacts to be shown as tables


@dataclass(frozen=True)
class MlflowTracker:
    """A client of MLflow, and an experiment or a run."""

    client: Any
    experiment: str
    run: str | None
    title: str = "MLflow"
    hint: str = "Look at MLFLOW_TRACKING_URI, and check again when MLflow can be reached"

    def send(self, content: Content) -> str:
        """Tell it all; return the name of the run."""
        if self.run:  # its end is the training's to tell
            self._log(self.run, content)
            return f"runs:/{self.run}"
        run = self.client.create_run(self._experiment(), run_name=content.title).info.run_id
        try:
            self._log(run, content)
        except BaseException:
            with suppress(Exception):
                self.client.set_terminated(run, "FAILED")
            raise
        self.client.set_terminated(run)
        return f"runs:/{run}"

    def _experiment(self) -> str:
        found = self.client.get_experiment_by_name(self.experiment)
        if found is None:
            return str(self.client.create_experiment(self.experiment))
        return str(found.experiment_id)

    def _log(self, run: str, content: Content) -> None:
        from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415 - an extra

        now = int(time() * 1000)
        metrics = [Metric(f"{PREFIX}/{k}", v, now, 0) for k, v in content.numbers.items()]
        facts = {f"{PREFIX}/{k}": _text(v)[:_LONGEST] for k, v in content.facts.items()}
        # A parameter is there for good: the next check of the same training could not set it again.
        if self.run:
            given = {"tags": [RunTag(*one) for one in facts.items()]}
        else:
            given = {"params": [Param(*one) for one in facts.items()]}
        self.client.log_batch(run, metrics, **given)
        for name, table in content.tables.items():
            self._log_table(run, table, f"{PREFIX}/{name}.json")
        self.client.log_artifacts(run, str(content.folder), f"{PREFIX}/results")

    def _log_table(self, run: str, table: Table, place: str) -> None:
        """Log a table as `MlflowClient.log_table` does, which needs pandas for it."""
        self.client.log_dict(run, {"columns": table.columns, "data": table.rows}, place)
        known = json.loads(self.client.get_run(run).data.tags.get(_TABLES, "[]"))
        entry = {"path": place, "type": "table"}
        if entry not in known:
            self.client.set_tag(run, _TABLES, json.dumps([*known, entry]))


def open_tracker(target: str) -> MlflowTracker:
    """Return the tracker of an experiment, or of a run written `runs:/RUN_ID`.

    Raises UsageError for another target, and what the package raises.
    """
    run = _RUN.fullmatch(target)
    if not target.strip() or (target.startswith("runs:") and run is None):
        raise UsageError(
            f"--report-mlflow {target} names nothing",
            "Write the name of an experiment, or runs:/RUN_ID for a run that is there",
        )
    from mlflow import MlflowClient  # noqa: PLC0415 - an extra

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    return MlflowTracker(MlflowClient(), target, run[1] if run else None)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)
