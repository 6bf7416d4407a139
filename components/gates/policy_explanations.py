"""The part of the policy that names features which may not, or hardly, carry a score (B5, C8)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    model_validator,
)


def _number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("it must be a number without quotes, such as 0.05")
    return value


Share = Annotated[Decimal, BeforeValidator(_number), Field(ge=0, le=1)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class ExplanationPolicy(BaseModel):
    """Features by name, as the model reads them.

    ``forbidden`` may carry nothing of a score. ``proxies`` may stand in for who somebody is:
    together at most ``largest_proxy_share`` of all attribution. Changes of importance are judged
    on the ``top_features`` alone: the order of weak features is noise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    forbidden: tuple[Text, ...] = ()
    proxies: tuple[Text, ...] = ()
    largest_proxy_share: Share = Decimal("0.10")
    top_features: StrictInt = Field(default=5, ge=1, le=20)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if both := sorted(set(self.forbidden) & set(self.proxies)):
            raise ValueError(f"{both[0]} is both forbidden and a proxy; name it once")
        return self
