"""A pause of some minutes, one's own."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.actions import BREATHER_MINUTES
from api.serializers.base import Strict, Time


class BreatherIn(Strict):
    minutes = serializers.ChoiceField(choices=BREATHER_MINUTES)


class BreatherOut(serializers.Serializer[Any]):
    until = Time(allow_null=True, help_text="Until then no chat rings for you; null: you do not pause.")
