"""The solver and its outcomes."""

from detente.equilibrium.outcomes import Equilibrium
from detente.equilibrium.solver import solve, solve_many

__all__ = ["Equilibrium", "solve", "solve_many"]
