"""Merging countries and sectors of a world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from detente.arrays import Array
from detente.errors import WorldError
from detente.world.names import Names, ancestors

if TYPE_CHECKING:
    from detente.world.world import World


def groups_of(
    asked: Mapping[str, Names],
    known: Sequence[str],
    resolve: Callable[[Names, Sequence[str]], list[str]],
    what: str,
) -> dict[str, list[str]]:
    """Complete a grouping: members resolved, everything not named a group of its own.

    A group stands where its first member stood.
    """
    group_of: dict[str, str] = {}
    for label, members in asked.items():
        for member in resolve(members, known):
            if member in group_of:
                raise WorldError(f"{what} {member} is in both {group_of[member]!r} and {label!r}")
            group_of[member] = label
    for label in asked:
        if label in known and group_of.get(label) != label:
            raise WorldError(f"the new {what} {label!r} has the name of one outside the group")
        if label not in group_of.values():
            raise WorldError(f"the new {what} {label!r} has no member in this world")
    groups: dict[str, list[str]] = {}
    for name in known:
        groups.setdefault(group_of.get(name, name), []).append(name)
    return groups


def merged_parents(groups: Mapping[str, list[str]], parents: Mapping[str, str]) -> dict[str, str]:
    """What merged sectors were split off from, in the names of the merged world."""
    label_of = {member: label for label, members in groups.items() for member in members}
    found: dict[str, str] = {}
    for label, members in groups.items():
        above = [label_of.get(a, label) for m in members for a in ancestors(m, parents)[1:2]]
        outside = [a for a in above if a != label]
        if outside and len(above) == len(members):
            found[label] = outside[0]
    return found


def _membership(groups: Mapping[str, Sequence[str]], known: Sequence[str]) -> Array:
    """Zero-one matrix (group, member)."""
    return np.array([[name in members for name in known] for members in groups.values()], float)


def aggregate_flows(
    world: World, C: Mapping[str, Sequence[str]], S: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Arguments of `World.from_flows` for the merged world, and `phi`; tariff revenue is kept."""
    G, H = _membership(C, world.countries), _membership(S, world.sectors)
    trade = world.trade.values
    rate = world.data["t"].transpose("origin", "destination", "sector").values
    intermediate = (1 - world.data["beta"]) * world.output
    use = (world.data["gamma"] * intermediate).transpose("country", "input", "sector").values

    def merge(z: Array) -> Array:
        merged: Array = np.einsum("ai,bn,cj,inj->abc", G, G, H, z, optimize=True)
        return merged

    z = merge(trade)
    plain_mean = merge(rate) / merge(np.ones_like(rate))
    abroad = trade * (1 - np.eye(len(world.countries)))[:, :, None]
    weight = abroad.sum((0, 1)) + 1e-12 * trade.sum((0, 1)) + 1e-300
    theta = H @ (weight * world.data["theta"].values) / (H @ weight)
    phi = None
    if "phi" in world.data:
        added = (world.data["beta"] * world.output).transpose("country", "sector").values
        fixed = G @ (added * world.data["phi"].values) @ H.T
        phi = np.divide(fixed, G @ added @ H.T, out=np.zeros_like(fixed), where=fixed > 0)
    return {
        "trade": z,
        "input_use": np.einsum("an,bk,cj,nkj->abc", G, H, H, use, optimize=True),
        "tariff": np.divide(merge(trade * rate), z, out=plain_mean, where=z > 0),
        "theta": theta,
        "phi": phi,
        "countries": list(C),
        "sectors": list(S),
    }
