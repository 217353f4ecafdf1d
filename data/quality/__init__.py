"""What looks suspicious in a file or in the kits' ledger: counted and told with row numbers."""

from data.quality.checks import CheckedRecords, check_records

__all__ = ["CheckedRecords", "check_records"]
