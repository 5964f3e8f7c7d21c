"""Reading settings from the environment: which names, and what is said of a wrong one."""

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
    """The environment, with the command line's ``PINSTREAM_KAFKA=host:port`` and ``PINSTREAM_MILVUS=uri`` in it:
    the two share shells.
    """

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """The group's fields in ``value``: JSON, or where a command would be told to connect."""
        address = _ADDRESSES.get(field_name)
        if address is not None and isinstance(value, str) and not value.lstrip().startswith("{"):
            return {address: value}
        return super().decode_complex_value(field_name, field, value)


class ProcessSettings(BaseSettings):
    """What one process can be told: arguments first, then the environment; no files. Frozen, read once."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="ignore", env_ignore_empty=True
    )

    log_format: Literal["human", "json"] = Field("human", description="of the log lines, on standard error")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="the least that is logged")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment; no files."""
        return init_settings, Environment(settings_cls)


def effective(settings: BaseSettings) -> dict[str, Any]:
    """What a process runs with, secrets masked, for one log line."""
    shown: dict[str, Any] = _masked(settings.model_dump(mode="json"))
    return shown


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _masked(each, str(key)) for key, each in value.items()}
    secret = any(word in name.lower() for word in _SECRET_WORDS)
    return "***" if secret and value not in (None, "") else value


def wrong(error: ValidationError | SettingsError) -> list[str]:
    """One line for each setting that is wrong: its name in the environment, the value given, and what is allowed."""
    if isinstance(error, SettingsError):
        return [f"a setting beginning with {PREFIX} is not readable: {error}; lists and key tables are written as JSON"]
    return [
        f"{PREFIX}{'__'.join(str(part) for part in each['loc']).upper()}={each['input']!r}: {each['msg']}"
        for each in error.errors(include_url=False, include_context=False)
    ]
