"""Settings: the only reader of the environment. Read once, checked whole, every problem listed at once.

A field's name in capitals is the variable's name. `Settings.load` is the door: a `Settings` made by hand has
passed the rules of single fields only.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails, PydanticUndefined
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from graph.policy import DENIED_NAMESPACES, PolicySettings
from server.playbooks_file import read_playbooks_file
from server.policy_file import read_policy_file
from server.settings_fields import (
    ActionNames,
    DatabaseUrl,
    HttpUrl,
    MailAddress,
    MailAddresses,
    Names,
    Namespace,
    NamespaceGlobs,
    Secrets,
    SwitchedActions,
    WorkloadName,
    without_credentials,
)

Mode: TypeAlias = Literal["shadow", "approve", "auto"]


class SettingsError(ValueError):
    """The configuration cannot be used. `problems` has one line for each reason, with what mends it."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"The configuration has {len(problems)} problem(s):\n{lines}")


class Settings(BaseSettings):
    """The configuration in force. A field's description is the rule that its value must keep."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", validate_default=True)

    mode: Mode = Field("approve", description="must be shadow, approve or auto")
    auto_action_enabled: bool | None = Field(None, description="must be true or false")
    confidence_threshold: float = Field(0.8, ge=0, le=1, description="must be between 0 and 1")
    settle_seconds: float = Field(30, ge=0, le=3600, description="must be between 0 and 3600 seconds")
    require_approval_for: ActionNames = ("rollback", "delete_deployment")
    enable_actions: SwitchedActions = ()
    target_namespace: Namespace = ""
    target_deployment: WorkloadName = ""
    namespace_allow: NamespaceGlobs = ()
    namespace_deny: NamespaceGlobs = DENIED_NAMESPACES
    approval_ttl_minutes: float = Field(60, ge=1, le=10080, description="must be between 1 and 10080 minutes")
    escalate_to: Secrets = ()
    verify_delay_seconds: float = Field(30, ge=0, le=3600, description="must be between 0 and 3600 seconds")
    verify_window_seconds: float = Field(
        120, gt=0, le=86400, description="must be between 0 and 86400 seconds"
    )
    test_cluster: bool = Field(False, description="must be true or false")
    policy_file: Path | None = None
    playbooks_file: Path | None = None

    host: str = Field("127.0.0.1", min_length=1, description="must be an address or a host name")
    port: int = Field(5000, ge=0, le=65535, description="must be between 0 and 65535")
    public_url: HttpUrl = ""
    webhook_token: SecretStr | None = None
    webhook_token_file: Path | None = None
    auth_tokens_file: Path | None = None
    reader_token_file: Path | None = None

    data_dir: Path = Path("data")
    database_url: DatabaseUrl = Field(
        default_factory=lambda known: f"sqlite:///{known['data_dir']}/sre-agent.db",
    )
    memory: bool = Field(True, description="must be true or false")
    qdrant_url: HttpUrl = ""
    qdrant_path: Path = Field(default_factory=lambda known: Path(known["data_dir"]) / "qdrant")
    memory_model_folder: Path | None = None
    kubeconfig: str = ""
    pod_name: str = Field("", description="must be the name of the agent's own pod (downward API)")
    pod_namespace: Namespace = ""
    prometheus_url: HttpUrl = ""
    alertmanager_url: HttpUrl = ""

    groq_api_key: SecretStr | None = None
    groq_models: Names = ("openai/gpt-oss-120b", "openai/gpt-oss-20b")
    groq_api_base: HttpUrl = "https://api.groq.com"
    gmail_user: MailAddress = ""
    gmail_app_password: SecretStr | None = None
    alert_email_to: MailAddresses = ()
    notify_urls: Secrets = ()

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="must be DEBUG, INFO, WARNING or ERROR"
    )
    log_format: Literal["json", "console"] = Field("json", description="must be json or console")

    sandbox: bool = False
    """The Kubernetes API is the built-in sandbox. Never read from the environment."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing is read behind the caller's back: `load` says from where."""
        return (init_settings,)

    @classmethod
    def load(
        cls, environ: Mapping[str, str], *, dotenv: Path | None = None, sandbox: bool = False
    ) -> Settings:
        """Settings from `environ`, over those of a `.env` file. Raises SettingsError with every problem."""
        from server.settings_checks import problems_with, unknown_names

        given = _given(environ, dotenv)
        problems = unknown_names(given, set(cls.model_fields) - {"sandbox"})
        values = _values(given) | {"sandbox": sandbox}
        try:
            settings = cls(**values)
        except ValidationError as err:
            bad = {str(error["loc"][0]) for error in err.errors()}
            problems += _field_problems(err, given)
            settings = cls(**{name: value for name, value in values.items() if name not in bad})
        else:
            bad = set()
        settings = _with_older_boolean(settings)
        problems += problems_with(settings, bad)
        if problems:
            raise SettingsError(problems)
        return settings

    @classmethod
    def from_process(cls, *, sandbox: bool = False) -> Settings:
        """Settings of this process: its environment, over `.env` in the working folder."""
        return cls.load(os.environ, dotenv=Path(".env"), sandbox=sandbox)

    @property
    def checkpoints(self) -> Path:
        """File of the graph's checkpoints, apart from the record."""
        return self.data_dir / "checkpoints.db"

    def webhook_tokens(self) -> tuple[str, ...]:
        """Tokens that the webhook accepts; empty: none is asked for."""
        from server.tokens import split_tokens

        texts = [self.webhook_token.get_secret_value()] if self.webhook_token else []
        if self.webhook_token_file:
            texts.append(self.webhook_token_file.read_text(encoding="utf-8"))
        return tuple(token for text in texts for token in split_tokens(text))

    def policy(self) -> PolicySettings:
        """The limits that the graph works under, with those of POLICY_FILE."""
        return PolicySettings(
            mode=self.mode,
            confidence_threshold=self.confidence_threshold,
            settle_seconds=self.settle_seconds,
            namespace_allow=self.namespace_allow,
            namespace_deny=self.namespace_deny,
            target_namespace=self.target_namespace,
            own_namespace=self.pod_namespace,
            target_deployment=self.target_deployment,
            require_approval_for=self.require_approval_for,
            enabled_actions=self.enable_actions,
            approval_ttl_seconds=self.approval_ttl_minutes * 60,
            verify_delay_seconds=self.verify_delay_seconds,
            verify_window_seconds=self.verify_window_seconds,
            test_cluster=self.test_cluster,
            alert_rules=read_playbooks_file(self.playbooks_file),
            **read_policy_file(self.policy_file, wider=self.test_cluster or self.sandbox),
        )

    def public(self) -> dict[str, Any]:
        """Everything by its variable's name, fit to be shown: secrets only as set or unset."""
        return {
            name.upper(): _secret(name, getattr(self, name)) or _shown(getattr(self, name))
            for name in type(self).model_fields
        }


def _given(environ: Mapping[str, str], dotenv: Path | None) -> dict[str, str]:
    """What was set, by upper-case name; empty means not set."""
    from_file = dotenv_values(dotenv) if dotenv and dotenv.is_file() else {}
    merged = {**from_file, **environ}
    return {name.upper(): value for name, value in merged.items() if value is not None and value.strip()}


def _values(given: Mapping[str, str]) -> dict[str, Any]:
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): value.strip() for name, value in given.items()}
    return source()


def _field_problems(err: ValidationError, given: Mapping[str, str]) -> list[str]:
    lines: dict[str, str] = {}
    for error in err.errors():
        if error["type"] != "default_factory_not_called":
            lines.setdefault(str(error["loc"][0]), _field_problem(error, given))
    return list(lines.values())


def _field_problem(error: ErrorDetails, given: Mapping[str, str]) -> str:
    name = str(error["loc"][0])
    field = Settings.model_fields[name]
    rule = field.description or str(error["msg"]).removeprefix("Value error, ")
    value = "***" if _is_secret(name) else without_credentials(given.get(name.upper(), ""))
    return f"{name.upper()}={value}: {rule}. Mend: {_mend(name)}"


def _mend(name: str) -> str:
    default = Settings.model_fields[name].default
    if isinstance(default, tuple):
        default = ",".join(default)
    if isinstance(default, bool):
        default = str(default).lower()
    if default in (None, "") or default is PydanticUndefined:
        return f"leave {name.upper()} out"
    return f"{name.upper()}={default}"


def _with_older_boolean(settings: Settings) -> Settings:
    """AUTO_ACTION_ENABLED alone sets the mode; beside MODE it only has to agree."""
    if settings.auto_action_enabled is None or "mode" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"mode": "auto" if settings.auto_action_enabled else "approve"})


def _is_secret(name: str) -> bool:
    return "Secret" in str(Settings.model_fields[name].annotation)


def _secret(name: str, value: Any) -> str:
    if not _is_secret(name):
        return ""
    return "set" if value else "unset"


def _shown(value: Any) -> Any:
    if isinstance(value, str) and "://" in value:
        return without_credentials(value)
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
