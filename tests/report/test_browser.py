"""The report in a real browser: nothing overlaps or sticks out, on a desk and on a phone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path

import pytest

import tc_engine
from tests.report.test_page import checked
from tests.test_api import hostile

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
DARK = "--blink-settings=preferredColorScheme=0"
# What the page measures of itself: elements that stick out, rows that overlap, what went wrong.
MEASURE = """
<script>
const wrong = [];
window.addEventListener("error", event => wrong.push(event.message));
window.addEventListener("load", () => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) wrong.push("the page scrolls sideways");
  for (const list of document.querySelectorAll("main, article, tbody, ul")) {
    const boxes = [...list.children].map(one => one.getBoundingClientRect()).filter(b => b.height);
    boxes.slice(1).forEach((box, n) => {
      if (box.top < boxes[n].bottom - 1) wrong.push("overlap in " + list.tagName);
    });
  }
  const shades = [document.body, document.querySelector("h1")].map(
    one => getComputedStyle(one).color + getComputedStyle(one).backgroundColor);
  parent.postMessage(JSON.stringify({wrong, width, shades}), "*");
});
</script>
"""
# A window is never narrower than 500 pixels; a frame is.
FRAME = """
<!doctype html><html><head><title></title><script>
window.addEventListener("message", event => { document.title = event.data; });
</script></head><body><iframe src="report.html" width="%d" height="900" frameborder="0"></iframe>
"""


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no chromium here")
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("options", [(), (DARK,)], ids=["light", "dark"])
def test_the_page_in_a_browser(tmp_path: Path, width: int, options: tuple[str, ...]) -> None:
    _, _, text = checked(tmp_path)
    page = tmp_path / "report.html"
    page.write_text(text.replace("<head>", f"<head>{MEASURE}", 1), encoding="utf-8")
    told = measured(page, width, options)
    assert told["wrong"] == []
    assert told["width"] == width
    assert told["shades"] != measured(page, width, () if options else (DARK,))["shades"]


# A notebook with styles of its own, in which the name of a function tries to get out of the frame.
NOTEBOOK = """
<!doctype html><html><head><title></title><style>
* { letter-spacing: 9px } h1 { color: rgb(0, 128, 0) } main, article { display: none }
</style><script>
window.addEventListener("message", event => {
  const { color } = getComputedStyle(document.querySelector("h1"));
  const told = { ...JSON.parse(event.data), color, elements: document.body.children.length };
  document.title = JSON.stringify(told);
});
</script></head><body><h1>Notebook</h1>%s</body></html>
"""


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no chromium here")
def test_the_view_in_a_notebook(tmp_path: Path) -> None:
    learned = tc_engine.infer(hostile(kept=True).write(tmp_path / "good"))
    checked = tc_engine.check(hostile(kept=False).write(tmp_path / "bad"), learned)
    view = checked._repr_html_()
    page = tmp_path / "notebook.html"
    # Only to be measured: the view itself lets nothing run.
    open_to_us = view.replace('sandbox=""', 'sandbox="allow-scripts"')
    open_to_us = open_to_us.replace("&lt;head&gt;", f"&lt;head&gt;{escape(MEASURE)}", 1)
    page.write_text(NOTEBOOK % open_to_us, encoding="utf-8")
    told, console = dumped(page)
    assert (told["wrong"], told["color"], told["elements"]) == ([], "rgb(0, 128, 0)", 2)
    assert console == []
    page.write_text(NOTEBOOK % view, encoding="utf-8")
    assert dumped(page) == ({}, []), "nothing in the frame has run, or tried to"


def measured(page: Path, width: int, options: tuple[str, ...]) -> dict[str, object]:
    frame = page.with_name("frame.html")
    frame.write_text(FRAME % width, encoding="utf-8")
    found, _ = dumped(frame, *options)
    return found


def dumped(page: Path, *options: str) -> tuple[dict[str, object], list[str]]:
    """Return what the title of a page tells once it is loaded, and what its console shows."""
    command = [
        str(BROWSER),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--enable-logging=stderr",
        "--window-size=1400,1000",
        "--virtual-time-budget=5000",
        *options,
        "--dump-dom",
        page.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    title = re.findall(r"<title>(.*?)</title>", done.stdout)[0]
    found: dict[str, object] = json.loads(unescape(title) or "{}")
    return found, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
