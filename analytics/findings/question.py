"""What every finding is asked with: whose records, where, which of them, and for whom."""

from dataclasses import dataclass

from analytics.disclosure import Audience, Thresholds
from data.filters import AccessScope, Filters
from data.releases import ReleaseRegister
from data.settings import Settings
from data.store import Store
from geo.areas import Geography

__all__ = ["Question"]


@dataclass(frozen=True, kw_only=True)
class Question:
    """A store, its geography and settings, a view of it (`filters`) and a reader (`scope`).

    `register` holds what others than the analyst were shown; without one nothing is written down or compared.
    """

    store: Store
    geography: Geography
    settings: Settings
    filters: Filters
    scope: AccessScope
    register: ReleaseRegister | None = None

    @property
    def audience(self) -> Audience:
        """Who will see the answer."""
        return Audience(self.scope.audience)

    @property
    def thresholds(self) -> Thresholds:
        """The deployment's disclosure thresholds."""
        return Thresholds(**self.settings.disclosure.model_dump())
