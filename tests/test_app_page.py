"""The local page as a person uses it, in headless Chromium."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from detente.policy.reading import read_scenario
from detente.simulation.run import simulate

pytest.importorskip("starlette", reason="the page needs the extra detente[app]")
sync_api = pytest.importorskip("playwright.sync_api", reason="driving a browser needs playwright")

from detente.app.address import read_state  # noqa: E402
from detente.app.bands import banded  # noqa: E402
from test_app import percent, running_server  # noqa: E402

BROWSER = os.environ.get("PLAYWRIGHT_CHROMIUM") or shutil.which("chromium")
if BROWSER is None:
    pytest.skip("no chromium on this machine", allow_module_level=True)

OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_server() as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=BROWSER, args=OPTIONS)
        yield found
        found.close()


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Open]:
    """Open the page; nothing but this server may be asked, and nothing may go wrong unnoticed."""
    contexts: list[Any] = []
    troubles: list[str] = []
    expected: list[str] = []

    def visit(query: str = "", *, expect: str = "", **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1366, "height": 850}, **options})
        contexts.append(context)
        expected.append(expect)
        context.route(
            lambda url: not url.startswith(address),
            lambda route: (troubles.append(f"asked {route.request.url}"), route.abort()),
        )
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console",
            lambda m: m.type in ("error", "warning") and troubles.append(f"{m.type}: {m.text}"),
        )
        page.goto(f"{address}?{query}")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert [t for t in troubles if not any(e and e in t for e in expected)] == []


def shown(page: Any, panel: str = "a", country: str = "BLR") -> float:
    """What stands in the table once the draws are there."""
    page.locator("#answer:not([data-awaited])").wait_for()
    return percent(page.locator("#results").inner_html(), panel, country)


def solved(page: Any, panel: str = "a", country: str = "BLR") -> float:
    """What the model says of the scenario in the address bar, where it has bands their median."""
    state = read_state(page.url.partition("?")[2])
    return float(banded(state.panels[panel]).chosen["percent"][country])


def move(page: Any, slider: str, value: int) -> None:
    """Drag a slider: the browser's own events, one after the other."""
    page.locator(slider).fill(str(value))


def until(page: Any, holds: Callable[[], bool]) -> None:
    """Wait; the page's own policy forbids the expressions that playwright would wait for."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain at {page.url}"
        page.wait_for_timeout(10)


def settled(page: Any, words: str) -> None:
    """Wait for the address to say what was done."""
    until(page, lambda: words in page.url)


GOODS = "input[name='a.ease.USA.goods']"


def test_one_move_of_one_slider_gives_the_answer(visit: Open) -> None:
    page = visit()
    before = page.locator("#answer .headline").inner_text()
    move(page, GOODS, 40)
    assert page.locator("output[id$='USA-goods-out']").inner_text() == "40 % eased"
    settled(page, "a.ease.USA.goods=40")
    assert page.locator("#answer .headline").inner_text() != before
    for country in ("BLR", "RUS", "LTU"):
        assert shown(page, "a", country) == pytest.approx(solved(page, "a", country), abs=6e-4)
    page.locator("#status").filter(has_text="Belarus").wait_for(state="attached")
    followers = page.locator("input[name='a.ease.us-potash-2021']")
    assert followers.input_value() == "40"


@pytest.mark.parametrize("query", ["", "a.start=belarus-2025/us-all&b.start=belarus-2025/us-goods"])
def test_the_answer_follows_move_after_move(visit: Open, query: str) -> None:
    page = visit(query)
    for value in (31, 57, 83):
        move(page, GOODS, value)
        settled(page, f"a.ease.USA.goods={value}")
        assert shown(page, "a", "BLR") == pytest.approx(solved(page, "a", "BLR"), abs=6e-4)


def test_two_scenarios_stand_side_by_side(visit: Open) -> None:
    page = visit()
    page.get_by_role("button", name="Compare with a second scenario").click()
    settled(page, "b.start")
    assert page.locator("#b-heading").inner_text() == "Scenario B"
    page.locator("#b-start").select_option("belarus-2025/us-eu-all")
    settled(page, "b.start=belarus-2025/us-eu-all")
    assert shown(page, "b") == pytest.approx(solved(page, "b"), abs=6e-4)
    assert shown(page, "b") > shown(page, "a") > 0
    assert page.locator("svg.map.world").count() == 2
    page.get_by_role("button", name="Show one scenario only").click()
    until(page, lambda: "b.start" not in page.url)
    assert page.locator("svg.map.world").count() == 1


def test_from_nothing_to_a_new_measure(visit: Open) -> None:
    page = visit("a.start=nothing")
    page.locator("#a-target").select_option("BLR")
    settled(page, "a.target=BLR")
    page.get_by_role("button", name="Add a measure").click()
    settled(page, "a.new=")
    page.locator("#a-new-0-kind").select_option("import-ban")
    settled(page, "import-ban")
    page.locator("#a-new-0-ban").check()
    settled(page, "import-ban:goods:ban")
    assert shown(page) == pytest.approx(solved(page), abs=6e-4)
    assert shown(page) < 0
    page.get_by_role("button", name="Remove").click()
    until(page, lambda: "a.new" not in page.url)
    assert "Nothing changes for Belarus" in page.locator("#answer").inner_text()


def test_reset_takes_back_what_was_moved(visit: Open) -> None:
    page = visit()
    before = page.locator("#results").inner_text()
    move(page, GOODS, 30)
    settled(page, "a.ease.USA.goods=30")
    assert "Claims are scored where" in page.locator("#unscored").inner_text()
    page.get_by_role("button", name="Reset").click()
    until(page, lambda: "ease" not in page.url)
    assert page.locator(GOODS).input_value() == "100"
    assert page.locator("#results").inner_text() == before


def test_back_undoes_a_move_and_not_a_step_of_it(visit: Open) -> None:
    page = visit()
    start = page.locator("#answer .headline").inner_text()
    for value in (80, 70, 60):
        move(page, GOODS, value)
    settled(page, "a.ease.USA.goods=60")
    page.wait_for_timeout(700)
    moved = page.locator("#answer .headline").inner_text()
    page.locator("#a-start").select_option("australia-2023/coal")
    settled(page, "a.start=australia-2023/coal")
    assert "Australia" in page.locator("h1").inner_text()
    assert "Australia" in page.title()
    page.go_back()
    until(page, lambda: "Belarus" in page.title())
    assert page.locator(GOODS).input_value() == "60"
    page.locator("#answer:not([data-awaited])").wait_for()
    page.go_back()
    until(page, lambda: page.locator(GOODS).input_value() == "100")
    assert "ease" not in page.url
    page.go_forward()
    until(page, lambda: page.locator(GOODS).input_value() == "60")
    assert start != moved


def test_a_word_leads_to_a_measure_by_keyboard_alone(visit: Open) -> None:
    page = visit()
    page.locator("#find").focus()
    page.keyboard.type("Belaruskali")
    page.keyboard.press("Enter")
    settled(page, "find=Belaruskali")
    page.locator("#hits a[href='#a-about-us-potash-2021']").focus()
    page.keyboard.press("Enter")
    about = page.locator("#a-about-us-potash-2021")
    until(page, about.is_visible)
    page.locator("#why-country").select_option("LTU")
    settled(page, "why=LTU")
    page.locator("#why-scroll").wait_for()
    assert page.locator("#why-heading").inner_text() == "Why Lithuania gains or loses"


def test_what_is_being_typed_stays_when_the_bands_arrive(visit: Open) -> None:
    page = visit()
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route(re.compile("bands=first"), hold)
    move(page, GOODS, 40)
    page.locator("#find").focus()
    page.keyboard.type("Belar")
    page.keyboard.press("ArrowLeft")
    until(page, lambda: bool(held))
    held[-1].continue_()
    page.locator("#answer:not([data-awaited])").wait_for()
    page.keyboard.type("a")
    assert page.locator("#find").input_value() == "Belaar"
    page.keyboard.press("Backspace")
    page.keyboard.press("End")
    page.keyboard.type("uskali")
    page.keyboard.press("Tab")
    settled(page, "find=Belaruskali")
    page.locator("#hits").filter(has_text="Belaruskali").wait_for()


def test_a_slider_on_the_move_is_followed_to_where_it_stops(visit: Open) -> None:
    page = visit()
    for value in range(90, 20, -5):
        move(page, GOODS, value)
    settled(page, "a.ease.USA.goods=25")
    assert page.locator(GOODS).input_value() == "25"
    assert shown(page) == pytest.approx(solved(page), abs=6e-4)


def test_a_link_restores_the_page(visit: Open) -> None:
    first = visit()
    move(first, GOODS, 25)
    settled(first, "a.ease.USA.goods=25")
    again = visit(first.url.partition("?")[2])
    assert again.locator(GOODS).input_value() == "25"
    assert shown(again) == shown(first)
    for part in ("#answer", "#results"):
        assert again.locator(part).inner_text() == first.locator(part).inner_text()


def test_files_open_and_say_the_same(visit: Open, tmp_path: Path) -> None:
    page = visit("a.start=nothing&a.target=BLR&a.senders=USA&a.new=import-ban:C20:30:")
    page.locator("#take-countries summary").click()
    for label, name in (("Scenario (YAML)", "s.yaml"), ("Table (CSV)", "c.csv")):
        with page.expect_download() as download:
            page.get_by_role("link", name=label).first.click()
        download.value.save_as(tmp_path / name)
    with page.expect_download() as download:
        page.get_by_role("link", name="Report (HTML)").click()
    download.value.save_as(tmp_path / "report.html")
    welfare = simulate(read_scenario(tmp_path / "s.yaml")).outcome().equilibrium.welfare
    assert shown(page) == pytest.approx(float(welfare.sel(country="BLR")), abs=6e-4)
    assert re.search(r"^A,BLR,Belarus,", (tmp_path / "c.csv").read_text(), re.MULTILINE)
    report = page.context.browser.new_page()
    report.goto((tmp_path / "report.html").as_uri())
    assert shown(report) == shown(page)
    assert report.locator("svg.map.world").bounding_box()["width"] > 300
    report.close()
    other = visit()
    other.locator("#a-file").set_input_files(tmp_path / "s.yaml")
    settled(other, "a.start=own")
    assert shown(other) == shown(page)
    assert other.locator("#a-start").input_value() == "own"


def test_a_faulty_file_is_pointed_at(visit: Open, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("title: x\nlift: [us-potash-2o21]\n")
    page = visit(expect="422")
    page.locator("#a-file").set_input_files(path)
    told = page.locator("#a-file-trouble")
    told.filter(has_text="wrong.yaml:2").wait_for()
    assert "did you mean 'us-potash-2021'?" in told.inner_text()
    path.write_text("#" * (256 * 1024 + 1))
    page.locator("#a-file").set_input_files(path)
    told.filter(has_text="256 kB").wait_for()


def test_without_a_connection_the_page_says_so_and_recovers(visit: Open) -> None:
    page = visit(expect="ERR_INTERNET_DISCONNECTED")
    before = shown(page)
    page.context.set_offline(True)
    move(page, GOODS, 15)
    page.locator("#trouble").filter(has_text="cannot reach detente").wait_for()
    assert shown(page) == before
    page.context.set_offline(False)
    settled(page, "a.ease.USA.goods=15")
    until(page, lambda: page.locator("#trouble").text_content() == "")
    assert shown(page) == pytest.approx(solved(page), abs=6e-4)


def test_the_keyboard_alone_is_enough(visit: Open) -> None:
    page = visit()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "a.ease.USA.goods":
            break
    assert page.evaluate("document.activeElement.name") == "a.ease.USA.goods"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) != "none"
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    settled(page, "a.ease.USA.goods=97")
    assert page.evaluate("document.activeElement.name") == "a.ease.USA.goods"
    assert page.locator(GOODS).get_attribute("aria-valuetext").endswith("97 percent eased")
    page.locator("#a-add").focus()
    page.keyboard.press("Enter")
    settled(page, "a.new=")
    assert page.evaluate("document.activeElement.id") == "a-add"
    page.locator("#a-new-0-drop").focus()
    page.keyboard.press("Enter")
    until(page, lambda: "a.new" not in page.url)
    assert page.evaluate("document.activeElement.id") == "a-add"


def test_a_phone_shows_everything_without_scrolling_sideways(visit: Open) -> None:
    for width in (320, 390):
        for query in ("", "a.start=belarus-2025/embargo-all&b.start=belarus-2025/us-eu-all"):
            page = visit(query, viewport={"width": width, "height": 700}, has_touch=True)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width
            if not query:
                move(page, GOODS, 60)
                settled(page, "a.ease.USA.goods=60")
            page.mouse.wheel(0, 1500)
            page.wait_for_timeout(100)
            assert page.locator("#answer .headline").first.is_visible()
            box = page.locator("#answer").bounding_box()
            assert box["y"] >= -1
            assert box["y"] + box["height"] < 350


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 360])
def test_accessibility(visit: Open, scheme: str, width: int) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-core comes with axe-playwright-python"
    )
    size = {"width": width, "height": 800}
    page = visit(
        "a.start=belarus-2025/us-all&a.new=tariff:C20:15:&b.start=nothing&b.routes=on",
        color_scheme=scheme,
        viewport=size,
        bypass_csp=True,
    )
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    found = axe.Axe().run(page).response["violations"]
    faults = [
        (v["id"], v["impact"], [n["html"][:160] for n in v["nodes"]][:3])
        for v in found
        if v["impact"] in ("serious", "critical", "moderate")
    ]
    assert faults == []


def test_the_band_follows_once_nothing_moves(visit: Open) -> None:
    page = visit("a.start=belarus-2025/us-all")
    page.locator("#answer:not([data-awaited])").wait_for()
    assert "90 % lie between" in page.locator(".certainty").inner_text()
    assert page.locator("#claims").get_by_text("supported").count() > 0
    move(page, GOODS, 40)
    settled(page, "a.ease.USA.goods=40")
    assert "central values" in page.locator(".certainty").inner_text()
    page.locator("#answer:not([data-awaited])").wait_for()
    assert "bands" not in page.url


def test_the_page_works_without_a_script(visit: Open) -> None:
    page = visit(java_script_enabled=False)
    page.locator("#a-start").select_option("belarus-2025/us-banks")
    page.get_by_role("button", name="Show results").click()
    page.wait_for_url("**/?a.start=belarus-2025/us-banks")
    assert "central values" in page.locator(".certainty").inner_text()
    page.get_by_role("link", name="How sure is that?").click()
    assert "90 % lie between" in page.locator(".certainty").inner_text()
    assert shown(page) == pytest.approx(solved(page), abs=6e-4)


def test_wrong_addresses_are_told(visit: Open) -> None:
    page = visit("a.target=Atlantis", expect="400")
    assert "'Atlantis' is not known here" in page.locator("body").inner_text()
    page.get_by_role("link", name="Start from the beginning").click()
    page.locator("#answer .headline").wait_for()


def test_no_motion_for_those_who_asked_for_none(visit: Open) -> None:
    page = visit(reduced_motion="reduce")
    style = "getComputedStyle(document.getElementById('results')).transitionProperty"
    assert page.evaluate(style) in ("none", "all")
    moving = visit(reduced_motion="no-preference")
    assert moving.evaluate(style) == "opacity"


def test_the_pages_of_drafts_are_accessible(visit: Open, address: str) -> None:
    pytest.importorskip("spacy", reason="needs the extra `draft`")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core")
    page = visit(viewport={"width": 360, "height": 800}, bypass_csp=True, color_scheme="dark")
    page.goto(f"{address}draft")
    page.locator("#report").fill(
        "US bans Turkish steel\nThe United States imposed an import ban on Turkish steel on 2 June "
        "2025, the White House said. Analysts expect Turkish steel exports to the United States to "
        "fall by more than 30 percent."
    )
    page.get_by_role("button", name="Draft a case").click()
    page.locator("#review").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the case").click()
    assert download.value.suggested_filename == "us-bans-turkish-steel.zip"
    found = axe.Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"][:160] for n in v["nodes"]][:3]) for v in found] == []
