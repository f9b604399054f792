"""A policy: what is different from a world in each of some draws, ready for the equilibrium."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detente.arrays import Array, Positions


@dataclass(frozen=True, eq=False)
class Margins:
    """Shares of trade values that hubs, or owners of corridors, earn.

    Attributes
    ----------
    entry, hub
        Which of the policy's entries pays, and the position of the country that earns, [m].
    share
        Of the value net of tariffs, [m,k].
    """

    entry: Positions
    hub: Positions
    share: Array

    @classmethod
    def none(cls, draws: int) -> Margins:
        """No hub earns anything."""
        nothing = np.empty(0, np.int64)
        return cls(nothing, nothing, np.empty((0, draws)))

    def with_others(self, entry: Positions, hub: Positions, share: Array) -> Margins:
        """The same and others."""
        return Margins(
            np.concatenate([self.entry, entry]),
            np.concatenate([self.hub, hub]),
            np.concatenate([self.share, share]),
        )


@dataclass(frozen=True, eq=False)
class Policy:
    """What is different from the world; the last axis of arrays is the draw, one draw is K = 1.

    Attributes
    ----------
    entries
        Trade whose cost or tariff changes: positions in (sector, destination, origin), flattened,
        increasing, [e].
    log_d
        Log of the cost factor d_hat there, over all routes that the trade may take; infinite for
        a ban, [e,k].
    rate
        Tariff rates t' there, [e,k].
    transfers
        Income given, [n,k].
    margins
        What hubs earn.
    steps
        The policy in words, for provenance.
    """

    entries: Positions
    log_d: Array
    rate: Array
    transfers: Array
    margins: Margins
    steps: tuple[str, ...] = ()

    @property
    def draws(self) -> int:
        """How many draws, K."""
        return int(self.transfers.shape[1])

    def of(self, draws: Positions) -> Policy:
        """The policy of some draws only."""
        if np.array_equal(draws, np.arange(self.draws)):
            return self
        m = self.margins
        return Policy(
            self.entries,
            self.log_d[:, draws],
            self.rate[:, draws],
            self.transfers[:, draws],
            Margins(m.entry, m.hub, m.share[:, draws]),
            self.steps,
        )
