"""Stores of the synthetic South Wales of which some files never came, or came without a column."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from analytics.findings.question import Question
from data.demo import SyntheticForce
from data.filters import AccessScope, Filters
from data.ingest import import_frame
from data.keys import Keys
from data.settings import SYNTHETIC_SOUTH_WALES
from data.store import open_store
from geo.areas import Geography

KEYS = Keys(store_key="s" * 48, pseudonym_key=b"p" * 48)


def question_about(
    force: SyntheticForce,
    *,
    files: Collection[str],
    folder: Path,
    geography: Geography,
    blank: Mapping[str, str] | None = None,
) -> Question:
    """The analyst's question about a store of these files alone; `blank` empties one column of a file."""
    store = SYNTHETIC_SOUTH_WALES.store.model_copy(update={"folder": folder})
    settings = SYNTHETIC_SOUTH_WALES.model_copy(update={"store": store})
    as_of = datetime(force.extract_day.year, force.extract_day.month, force.extract_day.day, tzinfo=UTC)
    for file in force.files:
        if file.name not in files:
            continue
        frame = file.frame
        if blank and file.name in blank:
            frame = frame.assign(**{blank[file.name]: None})
        import_frame(
            frame=frame,
            mapping=file.mapping,
            settings=settings,
            keys=KEYS,
            geography=geography,
            as_of=max(as_of + timedelta(days=1), datetime.now(UTC)),
        )
    return Question(
        store=open_store(settings=settings, keys=KEYS),
        geography=geography,
        settings=settings,
        filters=Filters(first_day=force.first_day, last_day=force.last_day),
        scope=AccessScope(audience="analyst"),
    )
