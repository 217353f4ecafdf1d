"""How to begin: the commands of this machine, for the store that these settings are for."""

import os
import sys
from pathlib import Path

import streamlit as st

from data.keys import KeysMissingError, load_keys
from data.settings import SETTINGS_VARIABLE, Settings
from wording import _

__all__ = ["DATA_QUALITY_PAGE", "show_beginning", "show_commands", "show_layers_alone", "show_real_set_up"]

DATA_QUALITY_PAGE = "pages/data_quality.py"


def show_beginning(settings: Settings) -> None:
    """What to do where there are no records yet: in the browser, or by command."""
    if settings.audience == "analyst":
        st.page_link(DATA_QUALITY_PAGE, label=_("Bring in a file on the page Data quality"))
    show_commands(settings)
    st.markdown(_("Then reload this page."))


def show_layers_alone(settings: Settings) -> None:
    """That what is shown is no administration, and how those are brought in."""
    said, how = st.columns([3, 1], vertical_alignment="center")
    said.info(_("No police naloxone administrations have been imported yet. This is about another layer of records."))
    with how.popover(_("How to import them"), width="stretch"):
        show_beginning(settings)


def show_commands(settings: Settings) -> None:
    """The commands that make or fill the store of these settings, to be copied."""
    if settings.store.synthetic:
        st.markdown(_("To look around with a synthetic force, in the program's folder:"))
        st.code(f"{_python()} -m data demo{_settings_option()}", language=None, wrap_lines=True)
        st.markdown(
            _("To bring in a generated file by command: draft its mapping, try it (nothing is written), import it:")
        )
    else:
        st.markdown(_("To bring in a file by command: draft its mapping, try it (nothing is written), import it:"))
    mapped = f"{_python()} -m data import FILE --mapping MAPPING.toml{_settings_option()}"
    commands = (
        *_key_commands(settings),
        f"{_python()} -m data map FILE --out MAPPING.toml{_settings_option()}",
        f"{mapped} --dry-run",
        mapped,
    )
    st.code("\n".join(commands), language=None, wrap_lines=True)


def _key_commands(settings: Settings) -> tuple[str, ...]:
    """The command that makes the keys of a store for real records, where there are none yet."""
    if settings.store.synthetic:
        return ()
    try:
        load_keys(store_folder=settings.store_folder)
    except KeysMissingError:
        return (f"{_python()} -m data keys --create{_settings_option()}",)
    return ()


def show_real_set_up() -> None:
    """The three steps from a synthetic store to one for real records."""
    st.markdown(_("1. Write a settings file, such as my_force.toml, with the name of your force:"))
    st.code(
        '[geography]\nforce = "Norfolk"\n\n[store]\nfolder = "my-force-store"\nsynthetic = false\n'
        "open_real_on_loopback = true",
        language=None,
    )
    st.markdown(_("2. Make the keys of its store, once, and keep a copy of them somewhere safe:"))
    st.code(f"{_python()} -m data keys --create --settings my_force.toml", language=None, wrap_lines=True)
    st.markdown(_("3. Stop this program and open it again with these settings:"))
    st.code(_opening_command(), language=None, wrap_lines=True)


def _opening_command() -> str:
    if os.name == "nt":
        return f"set {SETTINGS_VARIABLE}=my_force.toml\n{_python()} -m streamlit run dashboard.py"
    return f"{SETTINGS_VARIABLE}=my_force.toml {_python()} -m streamlit run dashboard.py"


def _python() -> str:
    """The interpreter that runs this, as it is called from the program's folder."""
    program = Path(sys.executable)
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else str(program)


def _settings_option() -> str:
    """The settings file in use, where it is not the one that commands find by themselves."""
    named = os.environ.get(SETTINGS_VARIABLE)
    if not named:
        return ""
    return f' --settings "{named}"' if " " in named else f" --settings {named}"
