"""The solver and its outcomes."""

from detente.equilibrium.batch import solve_many
from detente.equilibrium.outcomes import Equilibrium
from detente.equilibrium.solver import solve

__all__ = ["Equilibrium", "solve", "solve_many"]
