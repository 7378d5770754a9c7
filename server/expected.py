"""`expected.yaml`: what was right in a stored incident. Read by the evaluation alone; no agent ever sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from tools.bundle import BundleError

NOTIFY, ASK = "notify_only", "needs_approval"
"""Answers that are no action: explain to a person, and let one decide."""


class Object(BaseModel):
    """An object by its names alone."""

    model_config = ConfigDict(frozen=True)

    kind: str
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.namespace, self.kind, self.name) if part)


def parse_object(text: str) -> Object:
    """`shop/Deployment/web`, or `Node/worker-1` where there is no namespace. Raises ValueError."""
    parts = text.split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise ValueError(f"{text!r}: write namespace/Kind/name, or Kind/name where there is no namespace")
    return Object(kind=parts[-2], name=parts[-1], namespace=parts[0] if len(parts) == 3 else "")


def _named(text: str) -> str:
    parse_object(text)
    return text


def _listed(value: object) -> object:
    return [] if value is None else value


Named = Annotated[str, AfterValidator(_named)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Expected(BaseModel):
    """The answers that count, and on what."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    expected: str
    """The best answer: `notify_only`, `needs_approval` or an action's name."""
    accepted: Names = ()
    ineffective: Names = ()
    harmful: Names = ()
    target: Named | None = None
    """What an action must be on; None: nothing here may be acted on."""
    also_targets: Annotated[tuple[Named, ...], BeforeValidator(_listed)] = ()
    params: dict[str, Any] = Field(default_factory=dict)
    incidents: int | None = None
    core: bool = False
    source: str = "own"

    def accepts(self, answer: str) -> bool:
        """Whether this answer is among the accepted ones; the best one always is."""
        return answer == self.expected or answer in self.accepted

    def objects(self) -> tuple[Object, ...]:
        """All that an action may be on."""
        named = [self.target] if self.target else []
        return tuple(parse_object(text) for text in (*named, *self.also_targets))


def load_expected(case: Path) -> Expected:
    """Raises BundleError naming the file and what is wrong with it."""
    import yaml

    path = case / "expected.yaml"
    if not path.exists():
        raise BundleError(f"{path}: missing; only `sre-agent replay` does without it")
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Expected.model_validate(told)
    except yaml.YAMLError as error:
        raise BundleError(f"{path}: not YAML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BundleError(f"{path}: {problems}") from error
