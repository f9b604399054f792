"""What measures do together that they do not do one by one: shut corridors, and cap prices.

A corridor that is shut cannot be shut again, shutting the last one is a ban, and of two price caps
on the same cargoes the lower counts. So costs of these measures do not add up: they follow from how
far each is in force, its extent, from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from detente.arrays import Array, Flags, Positions
from detente.errors import ScenarioError, nearest
from detente.policy.corridors import Corridors
from detente.policy.entries import Block, Entries, block_of
from detente.policy.kinds import KINDS
from detente.policy.measures import Measure, Strengths
from detente.policy.network import Network
from detente.policy.parameters import Parameters
from detente.world.names import resolve_countries
from detente.world.world import World

if TYPE_CHECKING:
    from detente.policy.scenario import Action

CutOff = tuple[str, tuple[str, ...]]
"""A country and the partners it is cut off from."""


def resolved(cut_off: CutOff, world: World) -> CutOff:
    """A cut-off in the world's own codes."""
    country, partners = cut_off
    (code,) = resolve_countries(country, world.countries)
    return code, tuple(resolve_countries(list(partners), world.countries))


@dataclass(frozen=True, eq=False)
class Joint:
    """Measures that act together on a world, and cut-offs that take corridors with them.

    Attributes
    ----------
    measures
        By name.
    cut_offs
        Of which each shuts the corridors of the country that its partners own, and the other way.
    networks
        Corridors of which something may be shut.
    shut
        Which corridors of each network each measure, and then each cut-off, shuts, [m,r].
    known
        All corridors by name, whether or not anything shuts them.
    """

    world: World
    measures: dict[str, Measure]
    cut_offs: tuple[CutOff, ...]
    networks: tuple[Network, ...]
    shut: tuple[Flags, ...]
    known: Mapping[str, Corridors]

    @classmethod
    def of(
        cls,
        world: World,
        corridors: Mapping[str, Corridors],
        measures: Mapping[str, Measure],
        cut_offs: Sequence[CutOff] = (),
    ) -> Joint:
        """Find the corridors that some measures or cut-offs may shut.

        Raises
        ------
        ScenarioError
            A measure names a corridor that the target does not have.
        """
        found, shut = [], []
        for name, about in corridors.items():
            flags = np.array(
                [
                    *(_shut_by(m, about) for m in measures.values()),
                    *(_taken_with(cut_off, about) for cut_off in cut_offs),
                ]
            )
            network = Network.on(world, name, about) if flags.any() else None
            if network is not None:
                found.append(network)
                shut.append(flags)
        cut_offs = tuple(cut_offs)
        joint = cls(world, dict(measures), cut_offs, tuple(found), tuple(shut), corridors)
        for name, m in measures.items():
            if m.corridor is not None:
                joint.check_corridor(name, m.target, m.corridor)
        return joint

    def check_corridor(self, name: str, exporter: str, corridor: str) -> None:
        """Raise a `ScenarioError` for a corridor that an exporter does not have."""
        known = [c for a in self.known.values() if a.exporter == exporter for c in a.corridors]
        if not known:
            raise ScenarioError(
                f"{name}: no corridors of {exporter} are on file; leave `corridor` out, or "
                "describe them in `corridors`"
            )
        if corridor not in known:
            raise ScenarioError(
                f"{name}: unknown corridor {corridor!r}: {nearest(corridor, known)}"
            )

    @property
    def blocks(self) -> list[Block]:
        """The trade that any of this acts on."""
        capped = [b for _, blocks in self.caps for b in blocks]
        return [*(n.block for n in self.networks), *capped]

    @cached_property
    def caps(self) -> list[tuple[int, list[Block]]]:
        """Price caps: which of the measures they are, and the trade they are on."""
        return [
            (k, _blocks(m, self.world))
            for k, m in enumerate(self.measures.values())
            if m.cap is not None
        ]

    def extents(self, actions: Iterable[Action]) -> Array:
        """How far measures are in force: by the months that actions have, [m,1]."""
        months = {a.name: a.months for a in actions}
        found = [months.get(name, 0.0) for name in self.measures]
        return np.array([*found, *(0.0 for _ in self.cut_offs)]).reshape(-1, 1)

    def unseen(self, extents: Array) -> Array:
        """The same in the accounts of a table, which do not show what a price cap left to whom."""
        capped = [m.cap is not None for m in self.measures.values()]
        return np.where(np.array([*capped, *(False for _ in self.cut_offs)])[:, None], 0, extents)

    def place(self, country: str, partners: tuple[str, ...]) -> int:
        """Which of the extents is that of a cut-off."""
        return len(self.measures) + self.cut_offs.index((country, partners))

    def moved(self, actions: Sequence[Action], before: Array, p: Parameters) -> Array:
        """By how much some actions move the extents, [m,k].

        Raises
        ------
        ScenarioError
            A measure is hardened.
        """
        now = dict(enumerate(before))
        places = {name: k for k, name in enumerate(self.measures)}
        for a in actions:
            k = places[a.name]
            if a.verb == "harden":
                raise ScenarioError(
                    f"{a.name}: what shuts a corridor or caps a price has no ad-valorem "
                    "equivalent to harden; impose another measure instead"
                )
            if a.verb == "impose":
                now[k] = np.ones(1)
            else:
                used = p.pass_through.used(a.form, a.measure.kind, a.reversible)
                now[k] = now[k] * (1 - a.degree * used)
        moved = [np.atleast_1d(now[k]) - before[k] for k in range(len(before))]
        draws = max((m.size for m in moved), default=1)
        return np.array([np.broadcast_to(m, draws) for m in moved]).reshape(-1, draws)


@dataclass(frozen=True, eq=False)
class Ways:
    """How the goods of an exporter go to its overseas buyers.

    Attributes
    ----------
    network
        Its corridors.
    log_d
        Log cost factor of the trade against that with all corridors open, [j,n,k].
    shares
        Share of the trade that goes by each corridor; what is not these goods by none, [r,j,n,k].
    fees
        What the owners of each corridor earn, as a share of the value, [r].
    """

    network: Network
    log_d: Array
    shares: Array
    fees: Array

    def carried(self, sales: Array) -> Array:
        """What each corridor carries, [r,k], of the sales that may need one, [j,n,1,k]."""
        carried: Array = (self.shares * sales[:, :, 0]).sum((1, 2))
        return carried

    def earned_by(self, owner: str, sales: Array, corridor: str | None = None) -> Array:
        """What an owner earns on some sales, by one of its corridors or all, [k]."""
        parts = [
            fee * (owner in c.owners) * (corridor in (None, name)) / len(c.owners)
            for fee, (name, c) in zip(self.fees, self.network.about.corridors.items(), strict=True)
        ]
        earned: Array = np.array(parts) @ self.carried(sales)
        return earned


class JointUnder:
    """Measures that act together, under some parameters.

    Parameters
    ----------
    joint, entries, p
        The measures, the entries of a compiler, and the parameters.
    """

    def __init__(self, joint: Joint, entries: Entries, p: Parameters) -> None:
        self.joint, self.entries, self.p = joint, entries, p
        self._known: dict[tuple[int, bytes, int | None], tuple[Array, Array]] = {}

    @cached_property
    def rows(self) -> Positions:
        """Entries of the trade that needs corridors, network by network, [x]."""
        blocks = [self.entries.rows(network.block).ravel() for network in self.joint.networks]
        return np.concatenate([np.empty(0, np.int64), *blocks])

    def log_d(self, extents: Array, year: int | None) -> Array:
        """Log cost factors of the trade that needs corridors, [x,k]."""
        return _stacked([ways.log_d for ways in self.ways(extents, year)])

    def ways(self, extents: Array, year: int | None) -> list[Ways]:
        """How goods go to overseas buyers, for each network.

        What is in force for part of the goods, or for part of the months, is a mixture: for each
        combination of measures that may be in force, the trade there would be with its corridors
        shut.
        """
        return [self._ways(k, extents, year) for k in range(len(self.joint.networks))]

    def _ways(self, k: int, extents: Array, year: int | None) -> Ways:
        network, shut = self.joint.networks[k], self.joint.shut[k]
        acting = np.flatnonzero(shut.any(1) & (extents > 0).any(1))
        theta = self.p.theta[network.block[0]][:, None]  # [j,1,k]
        traded, carried = np.zeros(1), np.zeros(1)
        for on in product((False, True), repeat=acting.size):
            weight = np.prod(
                [
                    extents[m] if is_on else 1 - extents[m]
                    for m, is_on in zip(acting, on, strict=True)
                ],
                axis=0,
            )
            if not np.any(weight):
                continue
            log_kappa, shares = self._at(k, shut[acting[np.array(on, bool)]].any(0), year)
            part = weight * np.exp(-theta * log_kappa)  # [j,c,k]
            traded = traded + part
            carried = carried + part * shares[:, None]
        left = 1 - network.covered + network.covered * traded
        with np.errstate(divide="ignore"):
            log_d = -np.log(left) / theta
        by_corridor = np.broadcast_to(network.covered * carried, (shut.shape[1], *left.shape))
        shares = np.divide(by_corridor, left, out=np.zeros_like(by_corridor), where=left > 0)
        to = network.reach
        return Ways(network, log_d[:, to], shares[:, :, to], network.about.fees)

    def _at(self, k: int, shut: Flags, year: int | None) -> tuple[Array, Array]:
        """Log composite cost and shares with some corridors shut; found once."""
        key = (k, shut.tobytes(), year)
        if key not in self._known:
            network = self.joint.networks[k]
            answer = self._answer(network)
            detour = np.broadcast_to(self._detour(k), answer.shape)
            self._known[key] = network.at(shut, year, detour, answer)
        return self._known[key]

    def _answer(self, network: Network) -> Array:
        """By which elasticity tonnes answer the cost of all ways, the mine's price going down, [k].

        theta / (1 + beta phi theta): demand by theta, supply by what is not in fixed stock.
        """
        sectors, exporter = network.block[0], network.block[2][0]
        theta = self.p.theta[sectors]
        beta = self.joint.world.data["beta"].values[exporter, sectors]
        fixed = (beta * self.p.phi[sectors, exporter])[:, None]
        answer: Array = network.weights @ (theta / (1 + fixed * theta))
        return answer

    def _detour(self, k: int) -> Any:
        """What the way round the main corridor costs: as its closing says, or the corridors do."""
        network, shut = self.joint.networks[k], self.joint.shut[k]
        about = network.about
        main = list(about.corridors).index(about.main)
        for m, closes in zip(self.joint.measures.values(), shut[:, main], strict=False):
            if closes and m.ave is not None:
                return self.p.strengths.ave(m)
        kind = KINDS["transit"].moves_with
        owners = about.corridors[about.main].owners
        groups = [*(f"{o}-{kind}" for o in owners), kind, *owners]
        return about.detour.at(self.p.strengths.rank(groups))

    def fees(self, before: list[Ways], after: list[Ways]) -> tuple[Positions, Positions, Array]:
        """Entries that pay, owners that earn, and the change of what they earn, [x], [x], [x,k].

        As a share of the value of the entry.
        """
        rows, owners, shares = [np.empty(0, np.int64)], [np.empty(0, np.int64)], []
        countries = self.joint.world.countries
        for then, now in zip(before, after, strict=True):
            paying = self.entries.rows(now.network.block)[..., 0]  # [j,n]
            for r, corridor in enumerate(now.network.about.corridors.values()):
                change = now.fees[r] * now.shares[r] - then.fees[r] * then.shares[r]
                for owner in corridor.owners:
                    if owner in countries:
                        rows.append(paying.ravel())
                        owners.append(np.full(paying.size, countries.index(owner)))
                        shares.append(change / len(corridor.owners))
        return np.concatenate(rows), np.concatenate(owners), _stacked(shares)

    @cached_property
    def capped(self) -> Positions:
        """Entries that a price cap is on, increasing, [y]."""
        rows = [self.entries.rows(b).ravel() for _, blocks in self.joint.caps for b in blocks]
        found = np.unique(np.concatenate([np.empty(0, np.int64), *rows]))
        return found[found < self.entries.positions.size]

    def wedge(self, extents: Array, year: int | None) -> Array:
        """By how much what buyers pay without the cap exceeds what the seller gets, tau, [y,k].

        Of the sector as a whole: 1 / (1 - discount) - 1, the discount being that on the cargoes
        covered times their share. The largest discount counts.
        """
        discount = np.zeros((self.capped.size + 1, 1))
        for k, blocks in self.joint.caps:
            m = list(self.joint.measures.values())[k]
            on_cargoes = np.atleast_1d(self.p.strengths.discount(m, year))
            _, share = m.products(self.joint.world)
            part = np.atleast_2d(share * extents[k] * on_cargoes)  # [1,k] or [j,k]
            for block in blocks:
                rows = self.entries.rows(block)  # [j,n,i]
                by_entry = np.zeros((len(discount), part.shape[1]))
                places = np.searchsorted(self.capped, rows)
                by_entry[places] = np.broadcast_to(part, (len(rows), part.shape[1]))[:, None, None]
                discount = np.maximum(discount, by_entry)
        found: Array = discount[:-1] / (1 - discount[:-1])
        return found


def _stacked(parts: Sequence[Array]) -> Array:
    """Values [...,k] of several blocks of trade one after the other, [x,k]."""
    draws = max((part.shape[-1] for part in parts), default=1)
    flat = [np.broadcast_to(p, (*p.shape[:-1], draws)).reshape(-1, draws) for p in parts]
    return np.concatenate([np.empty((0, draws)), *flat])


def _blocks(m: Measure, world: World) -> list[Block]:
    touched = KINDS[m.kind].trade_touched(m, world, Strengths())
    return [block_of(world, m.products(world)[0], to, by) for by, to, _ in touched]


def _shut_by(m: Measure, about: Corridors) -> list[bool]:
    """Which corridors a measure shuts."""
    meant = m.corridor in about.corridors and m.target == about.exporter
    concerned = set(m.sectors) & {"all", "goods", *about.sectors, about.goods}
    return [meant and bool(concerned) and name == m.corridor for name in about.corridors]


def _taken_with(cut_off: CutOff, about: Corridors) -> list[bool]:
    """Which corridors go with a cut-off: those of the exporter that the other side owns."""
    country, partners = cut_off
    others = set(partners) if country == about.exporter else {country}
    if about.exporter not in (country, *partners):
        return [False] * len(about.corridors)
    return [bool(set(c.owners) & others) for c in about.corridors.values()]
