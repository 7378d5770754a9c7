"""What a notebook looks at: a copy of the agent's record, or the record that stored incidents make when decided.

The live record is never opened for writing, and no cluster is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from server.evaluate import Case, find_cases
from server.notebook.stopping import told
from server.settings import Settings
from server.stage import Stage
from tools.bundle import Bundle, BundleError
from tools.database import Database, store_file
from tools.errors import StoreError
from tools.record_copy import copy_record

ADVICE = (
    "Set DATA_DIR in the first cell to the data folder of an agent (make demo names its own while it runs),\n"
    "or set BUNDLE (BUNDLES) there to the folder of a stored incident (of several), such as those of tests/incidents."
)


@dataclass
class Opened:
    """A record of its own. It goes away with this object, or by `close`."""

    database: Database
    file: Path
    """The copy, to be copied further."""
    told_of: str
    """Where it comes from, for a person."""
    closing: ExitStack
    bundle: Bundle | None = None
    """The stored incident behind it, if that is what it is."""
    notes: tuple[str, ...] = ()

    def close(self) -> None:
        """Let go of the copy."""
        self.closing.close()

    def __repr__(self) -> str:
        return "\n".join((self.told_of, *self.notes))


def opened(data_dir: str = "", bundle: str = "") -> Opened:
    """The stored incident in the folder `bundle`, else the record in `data_dir`, else the one of this configuration.

    Raises Stop, which says what to do.
    """
    with told(ADVICE):
        return _stored(Path(bundle).expanduser()) if bundle else _live(_record_file(data_dir))


def opened_all(data_dir: str = "", bundles: str = "") -> list[Opened]:
    """As `opened`, but each stored incident below the folder `bundles`. Raises Stop."""
    if not bundles:
        return [opened(data_dir)]
    with told(ADVICE):
        return _all_stored(find_cases([_folder(Path(bundles).expanduser())]))


def close_all(records: Sequence[Opened]) -> None:
    """Let go of every copy."""
    for record in records:
        record.close()


def _record_file(data_dir: str) -> Path:
    if data_dir:
        return Path(data_dir).expanduser().absolute() / "sre-agent.db"
    file = store_file(Settings.from_process().database_url)
    if file is None:
        raise StoreError("DATABASE_URL names a server, and only a record in a file can be copied")
    return file


def _live(file: Path) -> Opened:
    with ExitStack() as stack:
        copy = _place(stack)
        copy_record(file, copy)
        return Opened(_database(stack, copy), copy, f"A copy of {file}", stack.pop_all())


def _stored(path: Path) -> Opened:
    with Stage() as stage:
        return _on(stage, _folder(path))


def _all_stored(cases: Sequence[Case]) -> list[Opened]:
    with Stage() as stage:
        return [_on(stage, case.path) for case in cases]


def _on(stage: Stage, path: Path) -> Opened:
    bundle = Bundle.load(path)
    with ExitStack() as stack:
        copy = _place(stack)
        decided = stage.decide(bundle, keep=copy)
        told_of = f"Stored incident {path.name}, decided now"
        return Opened(_database(stack, copy), copy, told_of, stack.pop_all(), bundle, decided.notes)


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise BundleError(f"there is no folder {path.absolute()}")
    return path


def _place(stack: ExitStack) -> Path:
    return Path(stack.enter_context(TemporaryDirectory(prefix="sre-agent-notebook-"))) / "record.db"


def _database(stack: ExitStack, file: Path) -> Database:
    database = Database.open(f"sqlite:///{file}")
    stack.callback(database.close)
    return database
