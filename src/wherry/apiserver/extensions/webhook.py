"""Converts custom objects by asking the webhook that their definition names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wherry.api import Obj
from wherry.api.errors import ApiError
from wherry.api.resource import Converter
from wherry.apiserver.extensions.review import ReviewError, answer, request
from wherry.apiserver.webhooks import WebhookError, Webhooks

TIMEOUT_SECONDS = 30.0


class WebhookConverter:
    """The `Converter` of one definition."""

    __slots__ = ("_config", "_new_uid", "_versions", "_webhooks")

    def __init__(self, webhooks: Webhooks, new_uid: Callable[[], str], webhook: Obj) -> None:
        self._webhooks = webhooks
        self._new_uid = new_uid
        self._config = webhook.get("clientConfig") or {}
        self._versions = webhook.get("conversionReviewVersions") or []

    async def convert(self, objects: Sequence[Obj], api_version: str) -> list[Obj]:
        """See `Converter`. Objects of that version already are not sent."""
        foreign = [obj for obj in objects if obj["apiVersion"] != api_version]
        if not foreign:
            return list(objects)
        about = f"conversion webhook for {foreign[0]['apiVersion']}, Kind={foreign[0]['kind']}"
        try:
            asked = request(self._versions, self._new_uid(), foreign, api_version)
            review = await self._webhooks.ask(self._config, asked, TIMEOUT_SECONDS)
            converted = iter(answer(asked, review, foreign))
        except WebhookError as error:
            raise ApiError(f"{about} failed: {error}") from error
        except ReviewError as error:
            raise ApiError(f"{about}{error}") from error
        return [obj if obj["apiVersion"] == api_version else next(converted) for obj in objects]


def converters(webhooks: Webhooks, new_uid: Callable[[], str]) -> Callable[[Obj], Converter | None]:
    """Who converts the objects of a definition."""

    def converter(definition: Obj) -> Converter | None:
        conversion = definition["spec"].get("conversion") or {}
        if conversion.get("strategy") != "Webhook":
            return None
        return WebhookConverter(webhooks, new_uid, conversion.get("webhook") or {})

    return converter
