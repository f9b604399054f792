"""Posteriors: parameters of a simulation that a record of trade has been confronted with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from detente.arrays import Array
from detente.errors import ScenarioError
from detente.policy.fields import Range
from detente.policy.measures import STRENGTH, Strengths


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of parameters that belong together.

    Attributes
    ----------
    names
        Of the parameters: `strength-GROUP`, `invoicing`, `hub-share` and others that
        `detente.simulation.assumptions` knows, [p].
    draws
        In their own units, ordered from weak to strong with the central draw in the middle, [k,p].
    manifest
        What made it: observations, sampler, versions, seed.
    """

    names: tuple[str, ...]
    draws: Array
    manifest: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Posterior:
        """Read a posterior from its file.

        Raises
        ------
        ScenarioError
            It is no posterior.
        """
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            draws = np.array(stored["draws"], float)
            names, manifest = tuple(stored["parameters"]), dict(stored["manifest"])
        except (ValueError, KeyError, TypeError) as error:
            raise ScenarioError(f"{path.name}: no posterior: {error}; make it again") from error
        if draws.ndim != 2 or draws.shape[1] != len(names) or not np.isfinite(draws).all():
            raise ScenarioError(
                f"{path.name}: draws of shape {draws.shape} for {len(names)} parameters; make the "
                "posterior again with `detente calibrate`"
            )
        return cls(names, draws, manifest)

    def document(self) -> dict[str, Any]:
        """The posterior as it stands in its file."""
        rounded = [[float(f"{v:.5g}") for v in draw] for draw in self.draws]
        return {"manifest": self.manifest, "parameters": list(self.names), "draws": rounded}

    def at(self, quantile: Any) -> Array:
        """The draws at some quantiles of their order, [...,p]; the central draw at 0.5."""
        k = len(self.draws)
        chosen: Array = self.draws[np.minimum((np.asarray(quantile) * k).astype(int), k - 1)]
        return chosen

    def value(self, name: str, quantile: Any, default: Any) -> Any:
        """One parameter at some quantiles, or a default where the posterior does not have it."""
        if name not in self.names:
            return default
        return self.at(quantile)[..., self.names.index(name)]

    def strengths(self, quantile: Any) -> Strengths:
        """Strengths of measures at some quantiles."""
        groups = {
            name.removeprefix(STRENGTH): self.value(name, quantile, None)
            for name in self.names
            if name.startswith(STRENGTH)
        }
        return Strengths(0.5, groups, self.value("invoicing", quantile, 0.5))

    @cached_property
    def fingerprint(self) -> str:
        """What tells it from others, in a manifest."""
        content = json.dumps([self.names, self.draws.tolist()]).encode()
        return hashlib.sha256(content).hexdigest()[:12]

    def narrows(self, name: str) -> bool:
        """Whether the record says anything about a parameter: its band is narrower than before.

        By a tenth or more, of the bands in which 90 percent lie.
        """
        prior = self.manifest.get("priors", {}).get(name)
        if prior is None:
            return True
        low, central, high = prior
        before = np.diff(Range(low=low, central=central, high=high).at(np.array([0.05, 0.95])))
        after_low, _, after_high = self.summary[name]
        return bool(after_high - after_low < 0.9 * before[0])

    @cached_property
    def summary(self) -> dict[str, tuple[float, float, float]]:
        """Quantiles of each parameter: 5 percent, median and 95 percent."""
        low, median, high = np.quantile(self.draws, [0.05, 0.5, 0.95], axis=0)
        return {
            name: (float(low[k]), float(median[k]), float(high[k]))
            for k, name in enumerate(self.names)
        }


@lru_cache(maxsize=1)
def register_posterior() -> Posterior:
    """The posterior of the measures on file, which comes with the package.

    How it was made, and what it was compared with: docs/validation.md.

    Examples
    --------
    >>> posterior = register_posterior()
    >>> posterior.draws.shape[1] == len(posterior.names)
    True
    """
    return Posterior.read(Path(str(files("detente.policy") / "data" / "posterior.json")))
