"""Programs that pull the rug from under the collector do the same; each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tc_engine.dataset import open_dataset
from tests.collect.conftest import Collect, collect_command
from tests.collect.safety_cases import HEAD, plain

# A program that hangs is ended by its own alarm, so that it cannot outlive the test.
ALONE = """
import atexit, random, resource, shutil, traceback
signal.alarm(60)

def say(*values):
    print(*values, flush=True)

def train_for(seconds, *more):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        train(None, *more)
"""


@dataclass(frozen=True)
class Case:
    """A program, and whether a trace must be there afterwards."""

    code: str
    traced: bool = True


TRAIN_IN_THREADS = """
start = Net().state_dict()
results = set()
def work():
    model = Net()
    for _ in range({times}):
        model.load_state_dict(start)
        results.add(str(train(model)))
threads = [threading.Thread(target=work) for _ in range({threads})]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
say(results)
"""

INTERRUPTED = """
train()
signal.signal(signal.SIGALRM, {handler})
missed = 0
for index in range(150):
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.005 + index % 10 * 0.0007)
        train_for(1)
        missed += 1
    except {error}:
        torch.set_grad_enabled(True)  # it may have come while torch had it off
signal.alarm(60)
say(missed <= 3, train())  # torch may swallow one itself
"""

CASES = {
    "two_threads": Case(TRAIN_IN_THREADS.format(threads=2, times=200)),
    "64_threads": Case(TRAIN_IN_THREADS.format(threads=64, times=2)),
    "daemon_thread_at_the_end": Case("""
train()
resting = threading.Event()
def go_on():
    while True:
        train_for(0.3)
        resting.set()
        time.sleep(5)  # a thread that the end meets inside of torch aborts the plain program, too
threading.Thread(target=go_on, daemon=True).start()
resting.wait()
say("end")
"""),
    "thread_after_the_end": Case("""
def late():
    time.sleep(1)
    say(train())
threading.Thread(target=late).start()
"""),
    "closed_files": Case("""
train_for(0.5)
os.closerange(3, 256)
mine = open("mine.bin", "w+b", buffering=0)
end = time.monotonic() + 3
while time.monotonic() < end:
    train()
    mine.write(b"mine")
    other = open("other.bin", "w+b")
    train()
    other.close()
mine.seek(0)
say(set(mine.read().split(b"mine")), os.stat("other.bin").st_size)
"""),
    "closed_files_at_once": Case("""
os.closerange(3, 256)
say(train())
"""),
    "no_free_file_descriptor": Case(
        """
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
train_for(1.5)
say(train())
""",
        traced=False,
    ),
    "thread_class_that_raises": Case(
        """
class Thread(threading.Thread):
    def __init__(self, *args, **kwargs):
        raise RuntimeError("no threads here")
threading.Thread = Thread
say(train())
""",
        traced=False,
    ),
    "threads_that_do_not_start": Case(
        """
def start(self):
    raise RuntimeError("can't start new thread")
threading.Thread.start = start
say(train())
""",
        traced=False,
    ),
    "thread_class_that_runs_at_once": Case(
        """
class Thread(threading.Thread):
    def start(self):
        self.run()
threading.Thread = Thread
signal.alarm(20)
say(train())
""",
        traced=False,
    ),
    "modules_deleted_at_once": Case(
        """
for name in [name for name in sys.modules if name.startswith("tc_engine")]:
    del sys.modules[name]
import torch.fx
say(train())
""",
        traced=False,
    ),
    "modules_deleted_later": Case("""
train_for(1.5)
for name in [name for name in sys.modules if name.startswith("tc_engine")]:
    del sys.modules[name]
import torch.fx
train_for(1.5)
say(train())
"""),
    "leaves_at_once": Case(
        """
say(train())
os._exit(7)
""",
        traced=False,
    ),
    "leaves_later": Case("""
train_for(3)
say(train())
os._exit(7)
"""),
    "ends_with_a_message": Case("""
train()
sys.exit("message")
"""),
    "ends_with_an_exception": Case("""
train()
raise LookupError
"""),
    "aborts": Case("""
train_for(3)
os.abort()
"""),
    "trains_at_exit": Case("""
atexit.register(lambda: say(train()))
train()
say("end")
"""),
    "directory_vanishes": Case(
        """
train_for(1.5)
shutil.rmtree(os.environ.get("TC_ENGINE_RUN", "nowhere"), ignore_errors=True)
train_for(1.5)
say(train())
""",
        traced=False,
    ),
    "directory_becomes_a_file": Case(
        """
train_for(1.5)
run = os.environ.get("TC_ENGINE_RUN", "nowhere")
shutil.rmtree(run, ignore_errors=True)
open(run, "w").close()
train_for(1.5)
say(train())
""",
        traced=False,
    ),
    "forks_at_any_moment": Case("""
Net()
pids = []
for _ in range(12):  # most of them while the collector's thread is importing what it needs
    time.sleep(0.06)
    pids.append(os.fork())
    if pids[-1] == 0:
        signal.alarm(20)
        Net()(x)
        sys.exit(3)
say([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids])
"""),
    "timeouts": Case(
        """
class Timeout(Exception):
    pass
def ring(number, frame):
    raise Timeout
"""
        + INTERRUPTED.format(handler="ring", error="Timeout")
    ),
    "interrupts": Case(
        INTERRUPTED.format(handler="signal.default_int_handler", error="KeyboardInterrupt")
    ),
}

WRITE_MUCH = """
generator = random.Random(0)
model = Net()
for _ in range(1000):
    train(model, [generator.random() for _ in range(64)], steps=1)
say(train())
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_does_the_same(collect: Collect, tmp_path: Path, name: str) -> None:
    case = CASES[name]
    script = HEAD + ALONE + case.code
    alone = plain(tmp_path, script)
    done = collect(script)
    assert (done.stdout, done.code) == (alone.stdout, alone.code), done.stderr
    if case.traced:
        assert open_dataset(done.run).parts
        assert done.calls


@pytest.mark.slow
def test_after_interrupts_calls_nest_as_before(collect: Collect) -> None:
    done = collect(HEAD + ALONE + CASES["interrupts"].code)
    outermost = done.named("__main__.Net.forward")[-2:]
    assert [call["parent_id"] for call in outermost] == [None, None]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.slow
def test_full_disk(tmp_path: Path, small_disk: Path) -> None:
    alone = plain(tmp_path, HEAD + ALONE + WRITE_MUCH)
    command = [sys.executable, str(tmp_path / "script.py")]
    done = collect_command(small_disk / "run", command, cwd=tmp_path)
    assert (done.stdout, done.code) == (alone.stdout, alone.code), done.stderr
    assert "lost" in done.stderr


@pytest.mark.slow
def test_limited_size_of_files(collect: Collect, tmp_path: Path) -> None:
    script = f"{HEAD}{ALONE}resource.setrlimit(resource.RLIMIT_FSIZE, (50_000,) * 2){WRITE_MUCH}"
    alone = plain(tmp_path, script)
    done = collect(script)
    assert (done.stdout, done.code) == (alone.stdout, alone.code), done.stderr
    assert "lost" in done.stderr
