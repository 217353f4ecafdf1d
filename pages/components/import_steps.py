"""Where an import stands between two clicks: the one session state beside the sidebar's.

The sidebar's state is the view, which lives in the URL too. These steps must not: they hold what was read from a file
that was uploaded. They are dropped, and the file's bytes with them, when the import is done or put away.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, cast

import streamlit as st
from starlette.formparsers import MultiPartParser
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from data.report import ImportReport
from pages.components.import_job import ImportJob

__all__ = [
    "ImportSteps",
    "hold_boxes",
    "import_steps",
    "keep_uploads_in_memory",
    "leave_import",
    "put_file_away",
    "show_uploader",
]

T = TypeVar("T")

_STEPS = "import_steps"
# The web server below Streamlit writes what is larger than this to the temporary folder, in clear. Uploads are bounded
# by server.maxUploadSize long before.
_NEVER_SPOOLED_BYTES = 1 << 40


@dataclass
class ImportSteps:
    """One reader's import: `round` numbers its uploader, `kept` holds what was read from the file so far.

    `boxes` holds what was chosen in the form's boxes, those that are not drawn now too.
    """

    round: int = 0
    file_id: str = ""
    kept: dict[str, object] = field(default_factory=dict)
    boxes: dict[str, object] = field(default_factory=dict)
    job: ImportJob | None = None
    followed: bool = False  # the job was begun in another window, or before this page was loaded
    tried: str = ""
    trial: ImportReport | None = None
    done: ImportReport | None = None
    said: str = ""
    news: str = ""

    def keep(self, key: str, make: Callable[[], T]) -> T:
        """What was made from the file under `key`, made now where it was not yet."""
        if key not in self.kept:
            self.kept[key] = make()
        return cast(T, self.kept[key])


def import_steps() -> ImportSteps:
    """The steps of this session, from the first."""
    if _STEPS not in st.session_state:
        st.session_state[_STEPS] = ImportSteps()
    return cast(ImportSteps, st.session_state[_STEPS])


def hold_boxes(file_id: str) -> None:
    """Give the boxes of this file what was chosen in them last; to be called before they are drawn.

    Streamlit forgets a box that is not drawn, and with another choice of how the file is read other boxes are.
    """
    boxes = import_steps().boxes
    boxes |= {str(key): value for key, value in st.session_state.items() if file_id in str(key)}
    for key, value in boxes.items():
        if key not in st.session_state:
            st.session_state[key] = value


def keep_uploads_in_memory() -> None:
    """Nothing of an upload goes to the disk; to be called before anything can be uploaded."""
    MultiPartParser.spool_max_size = _NEVER_SPOOLED_BYTES


def show_uploader(label: str, *, largest_mb: int, help_text: str) -> UploadedFile | None:
    """The widget that takes a file into memory; the file it holds, if any."""
    steps = import_steps()
    file = cast(
        UploadedFile | None,
        st.file_uploader(
            label,
            key=f"upload-{steps.round}",
            max_upload_size=min(largest_mb, int(st.get_option("server.maxUploadSize"))),
            help=help_text,
        ),
    )
    if file is not None and file.file_id != steps.file_id:
        _forget(steps)
        steps.file_id = file.file_id
    return file


def put_file_away() -> None:
    """Forget the file: its bytes, what was read from it, and the widget that held it."""
    steps = import_steps()
    _forget(steps)
    steps.round += 1


def leave_import() -> None:
    """Forget the file of a reader who went to another page; an import that runs goes on."""
    steps = st.session_state.get(_STEPS)
    if isinstance(steps, ImportSteps) and steps.file_id and steps.job is None:
        put_file_away()


def _forget(steps: ImportSteps) -> None:
    context = get_script_run_ctx()
    if steps.file_id and context is not None:
        context.uploaded_file_mgr.remove_file(context.session_id, steps.file_id)
    steps.file_id = ""
    steps.kept.clear()
    for key in steps.boxes:
        st.session_state.pop(key, None)
    steps.boxes.clear()
    steps.tried, steps.trial = "", None
