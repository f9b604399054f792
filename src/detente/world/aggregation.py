"""Merging countries and sectors of a world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from detente.arrays import Array
from detente.errors import WorldError
from detente.world.accounts import BASES, Accounts
from detente.world.names import Names, Sectors, ancestors

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


def aggregate_accounts(
    world: World, C: Mapping[str, list[str]], S: Mapping[str, list[str]]
) -> Accounts:
    """Accounts of the merged world; tariff revenue is kept."""
    old = Accounts.of(world)
    G, H = _membership(C, old.countries), _membership(S, old.sectors)

    def merge(z: Array) -> Array:
        merged: Array = np.einsum("ai,bn,cj,inj->abc", G, G, H, z, optimize=True)
        return merged

    z = merge(old.trade)
    plain_mean = merge(old.tariff) / merge(np.ones_like(old.tariff))
    abroad = old.trade * (1 - np.eye(len(old.countries)))[:, :, None]
    weight = abroad.sum((0, 1)) + 1e-12 * old.trade.sum((0, 1)) + 1e-300
    phi = None
    if old.phi is not None:
        added, fixed = (G @ part @ H.T for part in (old.value_added, old.value_added * old.phi))
        phi = np.divide(fixed, added, out=np.zeros_like(fixed), where=fixed > 0)
    return Accounts(
        trade=z,
        tariff=np.divide(merge(old.trade * old.tariff), z, out=plain_mean, where=z > 0),
        use=np.einsum("an,bk,cj,nkj->abc", G, H, H, old.use, optimize=True),
        theta=H @ (weight * old.theta) / (H @ weight),
        phi=phi,
        sectors=Sectors(list(S), merged_parents(S, old.sectors.parents)),
        countries=list(C),
        basis=None if old.basis is None else _merged_basis(old, G),
    )


def _merged_basis(old: Accounts, G: Array) -> Array:
    """What most of the trade of merged pairs rests on, [a,b]."""
    traded = old.trade.sum(2) + 1e-300
    assert old.basis is not None
    weights = [G @ np.where(old.basis == kind, traded, 0.0) @ G.T for kind in range(len(BASES))]
    return np.asarray(np.argmax(weights, axis=0), float)


def merged_notes(
    notes: Mapping[str, dict[str, Any]], groups: Mapping[str, list[str]]
) -> dict[str, dict[str, Any]]:
    """What added economies rest on, in the names of the merged world."""
    found: dict[str, dict[str, Any]] = {}
    for label, members in groups.items():
        own = [notes[m] for m in members if m in notes]
        if own and len(own) == len(members):
            like = list(dict.fromkeys(c for note in own for c in note["like"]))
            given = sum(note["given"] * note["trade"] for note in own)
            trade = sum(note["trade"] for note in own)
            found[label] = {"like": like, "given": given / trade if trade else 0.0, "trade": trade}
    return found
