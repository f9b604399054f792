"""Whether what others wrote is text in a page, or something that a browser runs."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

from reliability.tally import Tally

OWN_SCRIPTS = ("/static/",)
CHROMIUM = "/usr/bin/chromium"


class _Harm(HTMLParser):
    """Elements and attributes that run something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        source = given.get("src", "")
        if tag in ("script", "iframe", "object", "embed", "base") and not source.startswith(
            OWN_SCRIPTS
        ):
            self.found.append(self.get_starttag_text() or tag)
        for name, value in given.items():
            address = name in ("href", "src", "action", "formaction", "xlink:href")
            told = re.sub(r"[\s\x00-\x20]", "", value).casefold()
            if name.startswith("on") or (address and told.startswith(("javascript:", "vbscript:"))):
                self.found.append(f"{tag} {name}={value!r}"[:200])
            if address and told.startswith("data:text"):
                self.found.append(f"{tag} {name}={value!r}"[:200])


def in_page(page: str) -> list[str]:
    """What would run in a page, besides its own script."""
    parser = _Harm()
    parser.feed(page)
    return parser.found


def in_markdown(words: str) -> list[str]:
    """HTML that a viewer of Markdown would run, and links that are scripts."""
    outside_code = re.sub(r"```.*?```|`[^`\n]*`", "", words, flags=re.DOTALL)
    tags = re.findall(r"(?<!\\)<(?:script|img|iframe|svg|a)\b[^>]*>", outside_code)
    links = re.findall(r"(?<!\\)\]\(\s*(?:javascript|data):[^)]*\)", outside_code)
    return [*tags, *links]


def in_browser(page: str) -> list[str]:
    """What ran in Chromium: dialogs, and what a script would have left behind."""
    from playwright.sync_api import sync_playwright

    told: list[str] = []
    with TemporaryDirectory() as folder, sync_playwright() as play:
        address = page
        if not page.startswith("http"):
            file = Path(folder) / "page.html"
            file.write_text(page, encoding="utf-8")
            address = file.as_uri()
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.on("dialog", lambda dialog: (told.append(dialog.message), dialog.dismiss()))
        tab.goto(address, wait_until="load")
        for link in tab.query_selector_all("a[href^='javascript' i]")[:5]:
            link.click(timeout=2000)
        tab.wait_for_timeout(300)
        if tab.evaluate("window.harmed !== undefined"):
            told.append("a script left its mark")
        browser.close()
    return told


class Findings:
    """What browsers told."""

    def __init__(self) -> None:
        self.pages, self.ran = 0, list[str]()

    def add(self, ran: list[str]) -> None:
        """One page more."""
        self.pages, self.ran = self.pages + 1, [*self.ran, *ran]

    def told(self, tally: Tally) -> None:
        """Count them."""
        tally.check(not self.ran, "pages in which a browser ran nothing of it", str(self.ran[:5]))
