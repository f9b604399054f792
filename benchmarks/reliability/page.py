"""The local page under many people, much traffic, and those who mean harm; loopback only."""

from __future__ import annotations

import http.client
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from reliability.mutations import HOSTILE, NAMES, NUMBERS, SCENARIOS_WITH_SCRIPT, scripted_case
from reliability.scripts import Findings, in_browser, in_markdown, in_page
from reliability.tally import Tally

SESSIONS = 50
REQUESTS = 10_000
BOUND = 1200
"""Seconds of a clock after which no more of them are begun."""
LINKS = 400
SLOW = 180
"""Connections that say next to nothing; the server takes 200 at once."""
GROWTH = 40.0
"""MB by which memory may grow over the requests after the first fifth, when all caches are full."""
LONGEST = 120.0

GOOD = (
    "a.start=belarus-2025/us-all", "a.ease.USA.goods=50", "a.ease.us-potash-2021=30",
    "a.senders=USA", "a.target=BLR", "a.level=high", "a.deficits=zero", "a.horizon=first-year",
    "a.since=2025-02-12", "a.routes=on", "a.hubs=85", "a.new=export-ban:C20:ban:EU27", "compare=on",
    "b.start=nothing", "bands=on", "of=b", "table=sectors", "a.full=belarus-2025/us-all", "a.add=1",
    "a.new.0.kind=tariff", "a.new.0.strength=20", "a.drop=0", "a.own=eJyrVkrMKc1JLQYADp8DTA",
)  # fmt: skip
PATHS = ("/", "/part", "/scenario.yaml", "/results.csv", "/report.html", "/draft", "/nothing")
OUTSIDE = (
    "/static/../server.py", "/static/..%2f..%2fserver.py", "/static/%2e%2e/%2e%2e/etc/passwd",
    "/static//etc/passwd", "/static/....//server.py", "//etc/passwd", "/%00", "/static/%00app.js",
    "/static/..\\..\\server.py", "/proc/self/environ", "/static/", "/templates/page.html",
)  # fmt: skip
FOREIGN = (
    {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"},
    {"Host": "127.0.0.1.evil.example"}, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
)  # fmt: skip


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes
    seconds: float


class Server:
    """The page as `detente app` serves it, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "detente", "app", "--port", "0"]
        self.process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        self.address = re.search(r"http://\S+", line)[0]  # type: ignore[index]
        self.port = urlsplit(self.address).port
        self.said: list[str] = []
        threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True).start()

    def ask(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> Answer:
        """One request on a connection of its own."""
        began = time.perf_counter()
        there = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONGEST)
        try:
            there.putrequest(method, path, skip_host="Host" in headers)
            for name, value in headers.items():
                there.putheader(name, value)
            if body is not None:
                there.putheader("Content-Length", str(len(body)))
            there.endheaders(body)
            answer = there.getresponse()
            return Answer(answer.status, answer.read(), time.perf_counter() - began)
        finally:
            there.close()

    @property
    def memory(self) -> float:
        """Resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


@contextmanager
def _serving() -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            while server.ask("/").status != 200:
                time.sleep(0.2)
            yield server
        finally:
            server.process.terminate()
            server.process.wait()


def run(share: float, seed: int) -> dict[str, Any]:
    """All of it."""
    dice, tally = random.Random(seed), Tally()
    with _serving() as server:
        _sessions(server, tally, max(2, round(SESSIONS * share)))
        _links(server, tally, dice, round(LINKS * share))
        _strangers(server, tally)
        _slow(server, tally)
        _scripts_on_page(server, tally)
        _memory(server, tally, dice, round(REQUESTS * share))
        alive = server.process.poll() is None and not any("Traceback" in s for s in server.said)
        tally.check(alive, "the server stayed and said nothing", "".join(server.said)[-800:])
    _scripts_in_reports(tally)
    return tally.document()


def _sessions(server: Server, tally: Tally, people: int) -> None:
    """Everybody moves sliders without a pause; each gets their own answer."""

    def session(who: int) -> list[float]:
        times = []
        for move in range(6):
            query = f"a.ease.USA.goods={(who + move) % 101}&a.ease.us-potash-2021={who % 101}"
            answer = server.ask(f"/part?{query}")
            own = (
                f"us-potash-2021={who % 101}".encode() in answer.body
                or who % 101 == (who + move) % 101
            )
            tally.check(answer.status == 200 and own, "answers to many at once", query)
            times.append(answer.seconds)
        return times

    with ThreadPoolExecutor(people) as pool:
        times = sorted(t for found in pool.map(session, range(people)) for t in found)
    tally.measure("seconds, median of many at once", times[len(times) // 2])
    tally.measure("seconds, longest of many at once", times[-1])


def _links(server: Server, tally: Tally, dice: random.Random, count: int) -> None:
    """Addresses that nobody meant: answered, or refused with a sentence; never an error here."""
    for _ in range(count):
        pairs = [dice.choice(GOOD) for _ in range(dice.randrange(1, 6))]
        at = dice.randrange(len(pairs))
        name, _, value = pairs[at].partition("=")
        harm = str(dice.choice(dice.choice([HOSTILE, NAMES, NUMBERS, (value[::-1], value * 50)])))
        pairs[at] = dice.choice([f"{name}={quote(harm)}", f"{quote(harm)}={value}", quote(harm)])
        path = f"{dice.choice(PATHS[:5])}?{'&'.join(pairs)}"
        try:
            answer = server.ask(path)
        except OSError as error:
            tally.fault("no answer to a link", f"{path}: {error!r}")
            continue
        told = answer.status < 400 or (answer.status < 500 and len(answer.body) > 15)
        tally.check(told, "links answered or refused in a sentence", f"{path}: {answer}"[:600])
        if b"html" in answer.body[:60]:
            where = f"{path}: {in_page(answer.body.decode())}"
            tally.check(not in_page(answer.body.decode()), "pages without harm in them", where)


def _strangers(server: Server, tally: Tally) -> None:
    """Other hosts and origins, paths outside, bodies too large, methods that there are not."""
    for headers in FOREIGN:
        for path in PATHS:
            status = server.ask(path, **headers).status
            tally.check(status in (400, 403), "strangers refused", f"{headers} {path}: {status}")
    for path in OUTSIDE:
        answer = server.ask(path)
        there = 400 <= answer.status < 500 and b"import" not in answer.body
        tally.check(there, "nothing outside the folder", f"{path}: {answer}"[:300])
    for path, size in (("/open", 300_000), ("/draft", 3_000_000), ("/", 10), ("/part", 10)):
        status = server.ask(path, "POST", b"x" * size).status
        tally.check(400 <= status < 500, "bodies refused", f"{path} of {size}: {status}")
    for method in ("PUT", "DELETE", "TRACE", "OPTIONS", "PATCH", "BREW"):
        status = server.ask("/open", method).status
        tally.check(400 <= status < 500, "methods refused", f"{method}: {status}")
    raw = (
        b"GET / HTTP/9\r\n\r\n",
        b"\x16\x03\x01" + b"x" * 200,
        b"GET " + b"a" * 200_000 + b"\r\n",
    )
    for start in raw:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as there:
            there.sendall(start)
            answer = there.recv(400)
        tally.check(b" 400 " in answer, "what is no HTTP refused", repr(start[:20]))


def _slow(server: Server, tally: Tally) -> None:
    """Clients that keep connections and say next to nothing: let go, and nobody else waits."""
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(SLOW)]
    for there in slow:
        there.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-")
    answer = server.ask("/static/app.js")
    tally.check(answer.status == 200, "answers beside slow clients", str(answer.status))
    began = time.perf_counter()
    while time.perf_counter() - began < 40:
        time.sleep(1)
        for there in slow:
            try:
                there.sendall(b"a")
            except OSError:
                slow = [s for s in slow if s is not there]
                there.close()
    tally.check(not slow, "slow clients let go", f"{len(slow)} are still there")
    for there in slow:
        there.close()


def _memory(server: Server, tally: Tally, dice: random.Random, requests: int) -> None:
    """Thousands of requests, each fifth of a state that nobody asked for yet."""
    queries = [f"a.ease.USA.goods={g}&a.ease.us-potash-2021={p}" for g in range(20) for p in (3, 7)]
    started = 0.0

    def one(number: int) -> int:
        if number % 5 == 0:
            query = f"a.ease.USA.goods={dice.randrange(101)}&a.hubs={dice.randrange(5, 300)}"
        else:
            query = queries[number % len(queries)]
        return server.ask(f"/part?{query}").status

    statuses, began = list[int](), time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        for first in range(0, requests, 100):
            if time.perf_counter() - began > BOUND:
                break
            statuses += pool.map(one, range(first, min(first + 100, requests)))
            if len(statuses) <= requests // 5:
                started = server.memory
    tally.add("requests for memory", statuses.count(200))
    tally.check(set(statuses) == {200}, "all of them answered", str(set(statuses)))
    growth = server.memory - started
    tally.measure("MB of memory of the server", server.memory)
    tally.measure("MB of growth after the first fifth", max(growth, 0.0))
    tally.check(growth < GROWTH, "no growth of memory", f"{started:.0f} MB, {growth:+.0f} MB")


def _scripts_on_page(server: Server, tally: Tally) -> None:
    """Files and reports full of scripts, opened on the page: nothing of them runs."""
    found = Findings()
    for text in SCENARIOS_WITH_SCRIPT:
        answer = server.ask("/open", "POST", text.encode(), **{"Content-Type": "text/plain"})
        tally.check(answer.status == 200, "files with scripts open as text", str(answer.body[:300]))
        own = re.search(r'"own":"([^"]+)"', answer.body.decode())
        if own:
            for path in ("/", "/report.html"):
                address = f"{server.address.rstrip('/')}{path}?a.start=own&a.own={own[1]}"
                page = server.ask(address.replace(server.address.rstrip("/"), "")).body.decode()
                tally.check(not in_page(page), "pages without harm in them", str(in_page(page)))
                found.add(in_browser(address) if path == "/" else in_browser(page))
    report = " ".join(f"Minister {h} said sanctions on Belarus hurt {h}." for h in HOSTILE)
    page = server.ask("/draft", "POST", report.encode()).body.decode()
    tally.check(not in_page(page), "pages without harm in them", str(in_page(page)))
    found.told(tally)


def _scripts_in_reports(tally: Tally) -> None:
    """A case with a script in every text: its reports say it and do not do it."""
    from detente.cases import load_case
    from detente.report.report import gather, write_report

    found = Findings()
    with tempfile.TemporaryDirectory() as made:
        folder = scripted_case(Path(made) / "case")
        report = gather(load_case(folder), draws=96, store=Path(made) / "store")
        for name in ("report.html", "report.md"):
            write_report(report, Path(made) / name)
        page = (Path(made) / "report.html").read_text(encoding="utf-8")
        words = (Path(made) / "report.md").read_text(encoding="utf-8")
    tally.check("alert(1)" in page, "what was said is shown", "no text of the case is in its page")
    tally.check(not in_page(page), "reports in HTML without harm", str(in_page(page)))
    tally.check(not in_markdown(words), "reports in Markdown without harm", str(in_markdown(words)))
    found.add(in_browser(page))
    found.told(tally)
