"""Every option of the product, in one place: the environment, or ``.streamlit/secrets.toml``."""

from __future__ import annotations

import tomllib
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from queries.errors import InvalidInputError

SECRETS_FILE = Path(".streamlit") / "secrets.toml"


class Sample(StrEnum):
    """What the tables of the demo hold."""

    INVENTED = "invented"
    GIVEN = "given"


class _SecretsFile(PydanticBaseSettingsSource):
    """The ``[plumbline]`` table of Streamlit's secrets file."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return self._table().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._table()

    def _table(self) -> dict[str, Any]:
        if not SECRETS_FILE.is_file():
            return {}
        table = tomllib.loads(SECRETS_FILE.read_text(encoding="utf-8")).get("plumbline", {})
        if not isinstance(table, dict):
            raise InvalidInputError(
                f"In {SECRETS_FILE}, plumbline is no table. Put the options under [plumbline]."
            )
        return table


class Settings(BaseSettings):
    """Options, read from ``PLUMBLINE_…`` variables first, then from the secrets file."""

    model_config = SettingsConfigDict(env_prefix="PLUMBLINE_", extra="ignore")

    source_url: SecretStr | None = Field(
        None, description="PostgreSQL URL of the tables to oversee; a role with SELECT alone"
    )
    own_url: SecretStr | None = Field(
        None, description="PostgreSQL URL where Plumbline may write its own schema; optional"
    )
    statement_timeout_s: int = Field(15, ge=1, le=600, description="Longest question, in seconds")
    judging_s: int = Field(
        3, ge=1, le=60, description="Longest that a page judges the gates without roll-ups, seconds"
    )
    policy_path: Path | None = Field(None, description="Policy file; the shipped one if empty")
    as_of: AwareDatetime | None = Field(
        None, description="Default as-of; the present if empty. The sample sets its own last day"
    )
    sample: Sample | None = Field(
        None, description="Whose tickets the sample programme scored; empty for real tables"
    )
    models_dir: Path | None = Field(
        None, description="Folder of the model files and their manifests; optional"
    )
    keys_dir: Path | None = Field(
        None, description="Folder of the public keys (ID.pub.pem) that may sign model files"
    )
    model_hmac_keys: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="Secrets that may sign model files, hexadecimal by id, as JSON; optional",
    )
    revocations_path: Path | None = Field(
        None, description="List of revoked keys, digests and versions; nothing if empty"
    )
    model_id: str = Field("risk_model", description="The model's name in signed manifests")
    default_role: str = Field(
        "leadership", description="Role of a viewer where no sign-in is configured"
    )
    webhook_url: SecretStr | None = Field(
        None, description="Where alerts and recommendations to retrain are sent; optional"
    )
    webhook_secret: SecretStr | None = Field(
        None, description="Key that signs what is sent: whsec_ and 32 bytes or more in base64"
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
        return init_settings, env_settings, _SecretsFile(settings_cls)


@cache
def settings() -> Settings:
    """The options of this process, read once.

    Raises:
        InvalidInputError: an option cannot be used; its value, which may be a password, is
            never repeated.
    """
    try:
        return Settings()
    except tomllib.TOMLDecodeError:
        raise InvalidInputError(
            f"The file {SECRETS_FILE} is not valid TOML. Correct it, or set PLUMBLINE_ variables."
        ) from None
    except (OSError, UnicodeDecodeError):
        raise InvalidInputError(
            f"The file {SECRETS_FILE} cannot be read. Check its permissions and that it is UTF-8."
        ) from None
    except ValidationError as error:
        wrong = "; ".join(
            f"PLUMBLINE_{str(fault['loc'][0]).upper()}: {fault['msg'].lower()}"
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise InvalidInputError(
            f"An option cannot be used. {wrong}. Correct it in the environment or in "
            f"{SECRETS_FILE}."
        ) from None


def default_as_of(now: datetime) -> datetime:
    """The configured as-of, or the given present."""
    return settings().as_of or now
