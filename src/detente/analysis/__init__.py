"""What the scenarios of a case show."""

from detente.analysis.assess import Assessment, assess

__all__ = ["Assessment", "assess"]
