"""What was measured, as Markdown: the table, the agreement of the models, the versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from commands import CASE, POINTS, SOLVES_PER_DRAW
from processes import Result

SS, GG = "sanction-simulator", "gegravity"
LARGE = {"200x150": (200, 150, 8), "164x120": (164, 120, 24)}
"""Synthetic worlds: countries, sectors, draws of a batch."""

WORLDS = {"world2022:KGZ,ARM,GEO,UZB": "89 × 50", "world2022": "176 × 50"}
"""Embedded worlds beyond the table's 80 economies, and their sizes."""


@dataclass(frozen=True)
class Measured:
    """Results by job: of detente and its peers, and of an earlier detente."""

    now: dict[str, Result]
    before: dict[str, Result]


def value(results: dict[str, Result], path: str) -> float | str:
    """A number of the results such as `latency.mild.median`, or why there is none."""
    name, *keys = path.split(".")
    if name not in results:
        return "not run"
    found: Any = results[name]
    if "missing" in found:
        return f"not installed (pip install {found['missing']})"
    if "failed" in found:
        return f"failed: {found['failed']}".replace("|", "/")
    for key in keys:
        if key not in found:
            return "-"  # an earlier version has nothing to measure
        found = found[key]
    return float(found)


def shown(number: float | str, unit: str) -> str:
    """A number with its unit: seconds become milliseconds where that reads better."""
    if isinstance(number, str):
        return number
    if unit == "s" and number < 1:
        return f"{1000 * number:.3g} ms"
    return f"{number:,.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"


def ratio(mine: float | str, other: float | str, *, more_is_better: bool) -> str:
    """How many times better detente is."""
    if isinstance(mine, str) or isinstance(other, str):
        return "-"
    times = mine / other if more_is_better else other / mine
    return f"{times:,.0f}" if times >= 10 else f"{times:.2f}"


def row(
    measured: Measured,
    what: str,
    unit: str,
    own: str,
    peer: str | None = None,
    *,
    note: str = "",
    more_is_better: bool = False,
    scale: float = 1.0,
) -> str:
    """One line of the table; `scale` over the peer's number is the number to compare with."""
    mine = value(measured.now, own)
    theirs = value(measured.now, peer) if peer else "-"
    if isinstance(theirs, float):
        theirs = scale / theirs if scale != 1.0 else theirs
        note = f" ({note})"
    else:
        note = ""
    cells = [what, shown(mine, unit)]
    if measured.before:
        earlier = value(measured.before, own)
        if isinstance(earlier, str) and "unknown world" in earlier:
            earlier = "-"
        cells += [shown(earlier, unit), ratio(mine, earlier, more_is_better=more_is_better)]
    cells += [shown(theirs, unit) + note, ratio(mine, theirs, more_is_better=more_is_better)]
    return f"| {' | '.join(cells)} |"


def table(measured: Measured) -> str:
    """The Markdown table."""
    columns = [
        "what",
        "detente",
        *(["before", "ratio"] if measured.before else []),
        "peer",
        "ratio",
    ]

    def line(*arguments: Any, **options: Any) -> str:
        return row(measured, *arguments, **options)

    lines = [
        f"| {' | '.join(columns)} |",
        "|---" * len(columns) + "|",
        line("80 × 50: trade of 29 western countries with Belarus eased by 20 %", "s",
             "latency.mild.median", f"{SS}.mild.median",
             note=f"{SS}: the same trade restricted; it cannot ease"),
        line("80 × 50: embargo on Russia by all", "s",
             "latency.embargo.median", f"{SS}.embargo.median",
             note=f"{SS}: leakage 10 %, rerouting friction 30 %"),
        line("80 × 50: cost of all Russian trade doubled", "s", "latency.doubled.median"),
        line("80 × 50: peak memory, one scenario at a time", "MB",
             "latency.peak_mb", f"{SS}.peak_mb", note=SS),
        line("80 × 50: fresh process to first result", "s", "cold.wall_s"),
        line("the same on first use, when 0.1.0 compiles its kernels", "s", "first-use.wall_s"),
        line("80 × 50: many scenarios", "a minute",
             "draws.per_minute", f"{SS}-batch.batch_of_8.median",
             note=f"{SS}: its batch of 8 pairs, parameters not drawn",
             more_is_better=True, scale=8 * 60),
        line("80 countries, 1 sector, no inputs, same flows: Belarus", "s",
             "one-sector.mild.median", f"{GG}.mild.median", note=f"{GG}: baseline not counted"),
        line("the same: cost of all Russian trade doubled", "s",
             "one-sector.doubled.median", f"{GG}.doubled.median", note=GG),
        line("the same: Russian trade banned", "s", "one-sector.ban.median", f"{GG}.ban.median",
             note=f"{GG}: {convergence(measured.now, 'ban')}"),
        line("80 countries, 1 sector with its inputs: Belarus", "s",
             "one-sector.aggregated.median", f"{GG}.mild.median", note=f"{GG}: without inputs"),
        *(text for world in WORLDS for text in embedded_world(measured, world)),
        *(text for world in LARGE for text in large_world(measured, world)),
        line("import of `solve`, `load_world` and `Changes`", "s", "import.net_s"),
        line(f"`assess {CASE}`", "s", "assess.wall_s"),
        line("the same: imports", "s", "assess.imports_s"),
        line("the same: peak memory", "MB", "assess.peak_mb"),
        line(f"`claims {CASE}`, {POINTS} draws", "s", "claims.wall_s"),
        line(f"the same: full solves, {SOLVES_PER_DRAW} a draw", "a minute",
             "claims.solves_per_minute", more_is_better=True),
        line("the same: peak memory of its largest process", "MB", "claims.peak_mb"),
        line(f"`relief {CASE}`, all packages", "s", "relief.wall_s"),
        line("the same: a package", "s", "relief.per_package_s"),
        line("the same, packages kept, another cap on the leak", "s", "relief.again_s"),
        line("all packages, and some of them in 128 draws", "s", "relief.drawn_s"),
        line("`relief`: peak memory of its largest process", "MB", "relief.peak_mb"),
        line(f"`report {CASE}`, nothing kept", "s", "report.wall_s"),
        line("the same, draws kept", "s", "report.again_s"),
        line("two sliders of the page moved", "s", "slider.median"),
    ]  # fmt: skip
    return "\n".join(lines)


def embedded_world(measured: Measured, world: str) -> list[str]:
    """The lines of an embedded world."""
    name = f"{WORLDS[world]}: `{world}`"
    return [
        row(measured, f"{name}: loaded again", "s", f"{world}.load.median"),
        row(measured, f"{name}: western trade with Belarus eased", "s", f"{world}.mild.median"),
        row(measured, f"{name}: embargo on Russia by all", "s", f"{world}.embargo.median"),
        row(measured, f"{name}: peak memory", "MB", f"{world}.peak_mb"),
    ]


def large_world(measured: Measured, world: str) -> list[str]:
    """The lines of a synthetic world, alone and in batches."""
    countries, sectors, draws = LARGE[world]
    name = f"{countries} × {sectors}, synthetic"
    return [
        row(measured, f"{name}: one scenario", "s", f"{world}.median"),
        row(measured, f"{name}: peak memory", "MB", f"{world}.peak_mb"),
        row(measured, f"{name}: batches of {draws}", "a minute",
            f"{world}-batch.per_minute", more_is_better=True),
        row(measured, f"{name}: batches of {draws}, peak memory", "MB", f"{world}-batch.peak_mb"),
    ]  # fmt: skip


def convergence(results: dict[str, Result], scenario: str) -> str:
    """What gegravity's solver says of a scenario."""
    found = results.get(GG, {}).get(scenario, {"converged": True})
    if found["converged"]:
        return "converged"
    return f"warns of no convergence, largest residual {found['largest_residual']:.1g}"


def agreement(results: dict[str, Result]) -> str:
    """How far the two one-sector models agree where they are given the same flows."""
    ours, theirs = results.get("one-sector", {}), results.get(GG, {})
    if "real_income_percent" not in ours:
        return ""
    blr = ours["real_income_percent"]["BLR"]
    lines = [
        f"One sector, no inputs, balanced trade, theta 4 (sigma 5), costs of the West with Belarus "
        f"down 20 %: real income of Belarus {blr:+.6f} % in detente, "
        f"{ours['reference_percent']['BLR']:+.6f} % by a plain iteration of the same equations."
    ]
    if "mild" in theirs:
        other = theirs["mild"]["real_income_percent"]["BLR"]
        lines.append(
            f"gegravity reports {other:+.6f} %; with every country's output and expenditure held "
            "at its baseline value in the market-clearing equations, as in its function "
            f"`_full_ge`, the plain iteration gives {ours['reference_held_percent']['BLR']:+.6f} %."
        )
        lines.append(
            f"Its baseline takes {theirs['baseline']['median']:.2g} s more per scenario (a model "
            "is simulated once), not counted above."
        )
        lines.append(
            f"Russia banned: {ours['ban_russia_percent']:+.6f} % in detente, "
            f"{ours['ban_russia_exact_percent']:+.6f} % by the closed formula for autarky, "
            f"{theirs['ban']['real_income_percent']['RUS']:+.6f} % in gegravity "
            f"({convergence(results, 'ban')})."
        )
        noisy = theirs["ban_with_noise"]
        lines.append(
            "The same ban with every flow changed at random by up to 0.1 %: gegravity reports "
            f"{noisy['real_income_percent']['RUS']:+.6f} % "
            f"({convergence(results, 'ban_with_noise')}); the closed formula gives "
            f"{noisy['russia_exact_percent']:+.6f} %."
        )
    return "\n".join(lines)


def versions(measured: Measured) -> str:
    """Versions of everything measured."""
    packages = ("commit", "python", "numpy", "scipy", "xarray", "pandas")
    lines = []
    for name, found in (
        ("detente", measured.now.get("latency", {})),
        ("before: detente", measured.before.get("latency", {})),
        (SS, measured.now.get(SS, {})),
        (GG, measured.now.get(GG, {})),
    ):
        if "version" in found:
            rest = ", ".join(f"{p} {found[p]}" for p in packages if found.get(p))
            lines.append(f"{name} {found['version']} ({rest})")
    return "; ".join(lines)


def report(measured: Measured, where: Result) -> str:
    """The whole of results.md."""
    return "\n\n".join(
        part
        for part in (
            "# Benchmark",
            "Medians after warm-up. Ratio: how many times faster (or smaller) detente is."
            + (" Before: an earlier detente, measured in turn with this one."
               if measured.before else ""),
            table(measured),
            agreement(measured.now),
            f"{where['processor']}, {where['cpus']} CPUs, {where['system']}, load average "
            f"{where['load_average']:.1f} at the start, {where['date']}, commit {where['commit']}.",
            versions(measured) + ".",
        )
        if part
    ) + "\n"  # fmt: skip
