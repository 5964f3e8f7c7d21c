"""Reads settings from environment variables; names the variable, the value and the choices when one is wrong."""

import json
import re
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

PREFIX = "PINSTREAM_"
_ADDRESSES = {"kafka": "servers", "milvus": "uri"}

_SECRET_WORDS = ("password", "secret", "token", "key.pem", "sasl.jaas", "oauthbearer.config", "private")


class Environment(EnvSettingsSource):
    """Environment variables, also ``PINSTREAM_KAFKA=host:port`` and ``PINSTREAM_MILVUS=uri``.

    The command line reads these, and both may run in one shell.
    """

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """The group's fields from ``value``: JSON, or an address alone."""
        address = _ADDRESSES.get(field_name)
        # The command line's variables have the names of the groups, and hold an address instead of JSON.
        if address is not None and isinstance(value, str) and not value.lstrip().startswith("{"):
            return {address: value}
        return super().decode_complex_value(field_name, field, value)


class ProcessSettings(BaseSettings):
    """The settings of one process: arguments first, then the environment; no files. Frozen."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="ignore", env_ignore_empty=True
    )

    log_format: Literal["human", "json"] = Field("human", description="format of the log lines on standard error")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="log lines below this level are left out"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, Environment(settings_cls)


def effective(settings: BaseSettings) -> dict[str, Any]:
    """The settings in effect, secrets masked, for one log line."""
    masked: dict[str, Any] = _mask(settings.model_dump(mode="json"))
    return masked


def start_sentence(process: str, settings: BaseSettings) -> str:
    """For the first log line: which settings differ from their defaults, as environment variables, secrets masked."""
    defaults = _variables(type(settings).model_construct().model_dump(mode="json"))
    masked = _variables(effective(settings))
    given = _variables(settings.model_dump(mode="json"))
    changed = [
        f"{PREFIX}{name}={_without_credentials(masked[name])}"
        for name, value in given.items()
        if value != defaults.get(name)
    ]
    with_what = " ".join(changed) if changed else "default settings"
    others = "; the other settings are the defaults" if changed else ""
    return f"{process} starts with {with_what}{others} (docs/configuration.md; log level debug shows them all)"


def _variables(groups: dict[str, Any]) -> dict[str, Any]:
    """Settings by the name of their environment variable, without its prefix."""
    found: dict[str, Any] = {}
    for name, value in groups.items():
        if isinstance(value, dict):
            found |= {f"{name}__{field}".upper(): each for field, each in value.items()}
        else:
            found[name.upper()] = value
    return found


def _without_credentials(value: Any) -> str:
    text = json.dumps(value) if isinstance(value, dict | list) else str(value)
    return re.sub(r"//[^/@\s]*@", "//***@", text)


def _mask(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _mask(each, str(key)) for key, each in value.items()}
    secret = any(word in name.lower() for word in _SECRET_WORDS)
    return "***" if secret and value not in (None, "") else value


def setting_errors(error: ValidationError | SettingsError) -> list[str]:
    """One line for each wrong setting: its environment variable, its value, and what is allowed."""
    if isinstance(error, SettingsError):
        return [f"a setting beginning with {PREFIX} cannot be read: {error}; write lists and tables as JSON"]
    return [
        f"{PREFIX}{'__'.join(str(part) for part in each['loc']).upper()}={each['input']!r}: {each['msg']}"
        for each in error.errors(include_url=False, include_context=False)
    ]
