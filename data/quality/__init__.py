"""What looks suspicious in a file or in the kits' ledger: counted and told with row numbers."""

from data.quality.blocks import DAYS_BESIDE
from data.quality.checks import CheckedRecords, check_records

__all__ = ["DAYS_BESIDE", "CheckedRecords", "check_records"]
