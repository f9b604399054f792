"""Cases: situations on file, and their loader."""

from detente.cases.case import Case, available_cases, load_case

__all__ = ["Case", "available_cases", "load_case"]
