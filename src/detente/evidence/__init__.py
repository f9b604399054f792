"""What the scenarios of a case show."""

from detente.evidence.assessment import Assessment, assess

__all__ = ["Assessment", "assess"]
