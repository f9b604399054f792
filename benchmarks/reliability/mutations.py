"""Files as people and editors break them, and as somebody who means harm writes them."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

HOSTILE = (
    "<script>window.harmed=1;alert(1)</script>", "</style></title><svg onload=alert(1)>",
    '"><img src=x onerror=alert(1)>', "javascript:alert(1)",
    "{{7*7}}", "{% raw %}", "%s%n", "../../etc/passwd", "/etc/passwd", "$(id)", "'; --",
    "\u202egnp.exe", "\u0130stanbul \U0001f600", "=1+1", "![x](javascript:alert(1))",
)  # fmt: skip
NAMES = (
    "Atlantis", "ATL", "Taiwan", "Nauru", "EU27", "all", "goods", "BLR", "India", "C20", "potash",
    "welfare", "export-ban", "tariff", "share", "long-run", "banks", "lifted", "", " ", "~",
    "x" * 300,
)  # fmt: skip
NUMBERS = (
    0, -1, 1, 2, 25, 100, 0.5, -0.999999, 1e-12, 1e17, 1e300, float("inf"), float("-inf"),
    float("nan"), 2**70, "25%", "1000%", "-100%", "1e3", "0x10", "1_000", "१२",
)  # fmt: skip
VALID = (0, 1e-12, 1e-6, 0.01, 0.5, 0.999999, 1, 1.5, 3, 9.99, 10, 1e4, 1e9, 1e17, -0.5, -1)
PARTIES = (
    "CHN",
    "India",
    "Belarus",
    "RUS",
    "Switzerland",
    "EU27",
    "G7",
    "TUR",
    "USA",
    "KAZ",
    "goods",
)
DAYS = ("2025-02-30", "0001-01-01", "9999-12-31", "2025-02-12T10:00:00Z", "12 February 2025")
SHAPES: tuple[Any, ...] = (None, True, False, [], {}, [[]], [None], {"a": {"b": []}}, [1, "a", {}])

POOLS: tuple[tuple[Any, ...], ...] = (HOSTILE, NAMES, NUMBERS, DAYS, SHAPES)

BOMB = (
    "a: &a [x, x, x, x, x, x, x, x]\n"
    + "\n".join(f"{n}: &{n} [*{p}, *{p}, *{p}, *{p}, *{p}]" for p, n in pairwise("abcdefgh"))
    + "\n"
)
SNIPPETS = (
    BOMB, "x: &x [*x]\n", "x: !!python/object/apply:os.system [id]\n", "x: !!binary aGk=\n",
    "<<: {a: 1}\n", "--- {}\n--- {}\n", "? [a, b]\n: c\n", "x: " + "[" * 300 + "\n", "\tx: 1\n",
    "%YAML 9.9\n---\n", "x: |\n", "x: 'open\n", "x: {a: 1\n", ": y\n", "- a\n", "@x\n", "x: 1: 2\n",
    "title: again\ntitle: once more\n", "x: 1e99999\n", "x: " + "9" * 6000 + "\n", "\u0085x: 1\n",
)  # fmt: skip


def mutated(text: str, dice: random.Random) -> bytes:
    """One file broken in one to three ways: what it says, how it is written, or its bytes."""
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        change = dice.choice([_alike] * 9 + [_another_value] * 4 + [_another_key, *_OTHERS])
        text = _rewritten(text, change, dice)
    if dice.random() < 0.2:
        text = dice.choice(_WRITING)(text, dice)
    content = text.encode("utf-8", "surrogatepass")
    return dice.choice(_BYTES)(content, dice) if dice.random() < 0.1 else content


def _rewritten(text: str, change: Callable[..., None], dice: random.Random) -> str:
    """Change the data of a document; what cannot be read any more stays as it is."""
    yaml = YAML(typ="safe", pure=True)
    try:
        data = yaml.load(text)
        spots = list(_spots(data))
        if spots:
            change(data, *dice.choice(spots), dice, spots)
        stream = io.StringIO()
        yaml.width = 10_000
        yaml.dump(data, stream)
    except Exception:
        return text
    return stream.getvalue()


def _spots(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with every key in it."""
    if isinstance(data, dict | list):
        for key in list(data) if isinstance(data, dict) else range(len(data)):
            yield data, key
            yield from _spots(data[key])


def _alike(data: Any, holder: Any, key: Any, dice: random.Random, spots: Any) -> None:
    """Another value of the same kind: a number, a day, a text of the file, a name, or harm."""
    value = holder[key]
    if isinstance(value, bool) or value is None:
        holder[key] = not value
    elif isinstance(value, int | float):
        holder[key] = dice.choice(VALID)
    elif isinstance(value, date):
        holder[key] = date(dice.choice([1999, 2014, 2023, 2025, 2031]), dice.randrange(1, 13), 28)
    elif isinstance(value, str):
        others = [h[k] for h, k in spots if k == key and isinstance(h[k], str)]
        holder[key] = dice.choice([*others, *dice.sample(PARTIES, 3), dice.choice(HOSTILE)])
    else:
        _typed(data, holder, key, dice, spots)


def _another_value(data: Any, holder: Any, key: Any, dice: random.Random, spots: Any) -> None:
    holder[key] = dice.choice(dice.choice(POOLS))


def _another_key(data: Any, holder: Any, key: Any, dice: random.Random, spots: Any) -> None:
    new = dice.choice([str(key)[:-1], f"{key}s", str(key).upper(), *HOSTILE, *NAMES, 1, None, True])
    if isinstance(holder, dict):
        holder[new] = holder.pop(key)
    else:
        holder[key] = {new: holder[key]}


def _without(data: Any, holder: Any, key: Any, dice: random.Random, spots: Any) -> None:
    del holder[key]


def _moved(data: Any, holder: Any, key: Any, dice: random.Random, spots: Any) -> None:
    other, at = dice.choice(spots)
    holder[key], other[at] = other[at], holder[key]


def _typed(data: Any, holder: Any, key: Any, dice: random.Random, spots: Any) -> None:
    value = holder[key]
    holder[key] = dice.choice([[value], {"value": value}, str(value), [value, value]])


_OTHERS = (_without, _moved, _typed)


def _line_out(text: str, dice: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    del lines[dice.randrange(len(lines))]
    return "".join(lines)


def _line_twice(text: str, dice: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    at = dice.randrange(len(lines))
    return "".join([*lines[:at], lines[at], *lines[at:]])


def _indented(text: str, dice: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    at = dice.randrange(len(lines))
    lines[at] = dice.choice(["  ", " ", "\t", "\u00a0"]) + lines[at]
    return "".join(lines)


def _with_snippet(text: str, dice: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    at = dice.randrange(len(lines) + 1)
    return "".join([*lines[:at], dice.choice(SNIPPETS), *lines[at:]])


def _cut(text: str, dice: random.Random) -> str:
    return text[: dice.randrange(len(text) + 1)]


def _with_character(text: str, dice: random.Random) -> str:
    at = dice.randrange(len(text) + 1)
    return text[:at] + dice.choice("\x00\x07\x1b\ufeff\u2028\ud800{}[]:&*!|>'\"%@`#,-") + text[at:]


_WRITING = (_line_out, _line_twice, _indented, _with_snippet, _cut, _with_character)


def _flipped(content: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(content) or 1)
    return content[:at] + bytes([content[at] ^ 1 << dice.randrange(8)]) + content[at + 1 :]


def _encoded(content: bytes, dice: random.Random) -> bytes:
    return content.decode("utf-8", "replace").encode(dice.choice(["utf-16", "utf-32", "utf-8-sig"]))


def _windows(content: bytes, dice: random.Random) -> bytes:
    return content.replace(b"\n", dice.choice([b"\r\n", b"\r"]))


def _large(content: bytes, dice: random.Random) -> bytes:
    return content + b"# " + b"x" * dice.choice([10_000, 1_100_000])


def _nothing(content: bytes, dice: random.Random) -> bytes:
    return dice.choice(
        [b"", b"\n", b"# nothing\n", b"null\n", b"[]\n", b"{}\n", b"\x00", b"\xff\xfe"]
    )


_BYTES = (_flipped, _encoded, _windows, _large, _nothing)


SCRIPT = (
    "</script><script>window.harmed=1;alert(1)</script><img src=x onerror=alert(1)> "
    "[a](javascript:alert(1))"
)
"""Harm for HTML and Markdown, in a text."""

PROSE = (
    "title", "question", "what", "said", "tested", "note", "speaker", "where", "outside", "source",
    "instrument", "ave_source", "unit",
)  # fmt: skip
"""Fields that hold any text."""

SCENARIOS_WITH_SCRIPT = (
    f"title: '{SCRIPT}'\nworld: icio2022\nlift: [us-potash-2021]\n",
    f"""\
title: '{SCRIPT}'
world: icio2022
impose:
  - {{title: '{SCRIPT}', senders: EU27, target: BLR, kind: import-ban, sectors: C20, ave: 0.2,
     instrument: '{SCRIPT}', source: '{SCRIPT}', ave_source: '{SCRIPT}'}}
""",
)


def scripted_case(folder: Path) -> Path:
    """The case of the template with harm in every text; addresses are refused when read."""
    from detente.cases.template import new_case

    new_case(folder)
    yaml = YAML(typ="safe", pure=True)
    yaml.width = 10_000
    for path in folder.glob("*.yaml"):
        data = yaml.load(path.read_text(encoding="utf-8"))
        for holder, key in list(_spots(data)):
            if key in PROSE and isinstance(holder[key], str):
                holder[key] = f"{holder[key]} {SCRIPT}"
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(data, file)
    return folder
