"""The first violation, and the nearest example of the run that kept the rule."""

from __future__ import annotations

from pathlib import Path

from tc_engine import relations
from tc_engine.dataset import open_dataset
from tc_engine.diagnosis.witnesses import find_witnesses
from tc_engine.pipelines.infer import infer
from tests.builder import Trace


def saving(*, kept: tuple[bool, ...], rank: int = 0) -> Trace:
    """Return a run that calls `write` inside `save` in some steps and not in others."""
    trace = Trace().process(10 + rank)
    for step, is_kept in enumerate(kept):
        trace.at(step=step, rank=rank)
        with trace.call("main"), trace.call("save", kwargs={"path": f"step_{step}"}):
            for _ in range(2 * is_kept):
                with trace.call("write"):
                    pass
    return trace


def test_what_is_shown(tmp_path: Path) -> None:
    good = open_dataset(saving(kept=(True,) * 5).write(tmp_path / "good"))
    bad = open_dataset(saving(kept=(True, True, False, False, True)).write(tmp_path / "bad"))
    learned = infer([good], relations=relations.select(["contain"])).invariants
    (rule,) = [one for one in learned if one.text.startswith("save() always calls write")]

    (witness,) = find_witnesses(bad, [rule])
    ((broken,), (kept,)) = (witness.broken, witness.kept)
    assert broken.record["meta_vars.step"] == 2
    assert broken.record["kwargs"] == {"path": {"str": "step_2"}}
    assert ([str(one) for one in broken.around], broken.inside) == (["main"], ())
    assert kept.record["meta_vars.step"] == 1
    assert kept.inside == (("write", 2),)
    (place,) = witness.places
    assert (place.process_id, place.ranks, place.violations) == (10, {"rank": 0}, 2)
    assert (place.first_step, place.last_step, place.bins) == (2, 3, {2: 1, 3: 1})


def test_a_run_that_never_keeps_it_shows_none_and_a_good_one_its_first(tmp_path: Path) -> None:
    good = open_dataset(saving(kept=(True,) * 3).write(tmp_path / "good"))
    bad = open_dataset(saving(kept=(False,) * 3).write(tmp_path / "bad"))
    learned = infer([good], relations=relations.select(["contain"])).invariants
    (rule,) = [one for one in learned if one.text.startswith("save() always calls write")]
    (witness,) = find_witnesses(bad, [rule])
    assert witness.kept == ()
    (witness,) = find_witnesses(good, [rule])
    assert witness.broken == ()
    assert [one.record["meta_vars.step"] for one in witness.kept] == [0]
