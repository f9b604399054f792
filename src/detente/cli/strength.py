"""The command that turns a fall of trade into a strength, and back."""

from __future__ import annotations

import json
from typing import Annotated

from detente.cli.options import Json, option


def strength(
    sector: Annotated[str, option("Sector, by code, name or word, such as C16 or wood.")],
    falls: Annotated[str | None, option("By how much covered trade falls, as 60% or 0.6.")] = None,
    ave: Annotated[str | None, option("Ad-valorem equivalent, as 30% or 0.3.")] = None,
    horizon: Annotated[
        str, option("When it was observed: 1y, 3y or long, or the name of a horizon.")
    ] = "long",
    world: Annotated[str, option("World whose trade elasticities are taken.")] = "icio2022",
    elasticities: Annotated[str, option("fontagne, caliendo-parro or uniform.")] = "fontagne",
    as_json: Json = False,
) -> None:
    """Turn an observed fall of trade into the strength of a measure, or a strength into a fall."""
    import detente
    from detente.errors import ScenarioError
    from detente.policy.strength import ave_of_fall, elasticities_at, fall_of_ave

    if (falls is None) == (ave is None):
        raise ScenarioError("give either --falls, such as 60%, or --ave, such as 0.3")
    thetas = elasticities_at(detente.load_world(world, elasticities), sector, horizon)
    rows: list[tuple[str, float, float, float]] = []
    for code, theta in thetas.items():
        if falls is not None:
            fall = _number(falls, "--falls", 1.0)
            strong = ave_of_fall(fall, theta)
        else:
            strong = _number(ave, "--ave", 10.0)
            fall = fall_of_ave(strong, theta)
        rows.append((code, theta, fall, strong))
    if as_json:
        names = ("sector", "theta", "falls", "ave")
        print(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=2))
        return
    for code, theta, fall, strong in rows:
        print(
            f"{code}: trade covered falls by {100 * fall:.4g}% under `ave: {strong:.4g}` (trade "
            f"elasticity {theta:.3g} at this horizon)"
        )


def _number(given: str | None, name: str, highest: float) -> float:
    """A rate that was typed, with or without a percent sign."""
    from detente.errors import ScenarioError
    from detente.policy.fields import as_rate

    try:
        text = as_rate(given)
        return float(as_rate(float(text), highest) if text is given else text)  # type: ignore[arg-type]
    except ValueError as error:
        reason = str(error) if "mean" in str(error) else f"{given!r} is no rate, such as 60% or 0.6"
        raise ScenarioError(f"{name}: {reason}") from error
