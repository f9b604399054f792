"""Why a country gains or loses in the scenario of a panel: its welfare by channel."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from detente.analysis.channels import Channels
from detente.app.results import REMEMBERED, SHOWN, simulated
from detente.app.state import Panel


@lru_cache(maxsize=REMEMBERED)
def channels_of(panel: Panel, country: str) -> pd.DataFrame:
    """Welfare of a country by channel, with the total, under central assumptions.

    Returns
    -------
    DataFrame
        By channel: `percent` of income, `million_usd`; see `detente.analysis.channels`.

    Raises
    ------
    ConvergenceError
        One of the channels has no solution by itself.
    """
    return Channels(simulated(panel), country).welfare(SHOWN)
