"""What all shapes are made of: fields that take one kind of JSON, strict bodies, errors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from tickets.serializers import iso

MAX_ID = 2**63 - 1


class Text(serializers.CharField):
    """A JSON string and nothing else; NUL and lone surrogates are refused."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is not serializers.empty and data is not None and not isinstance(data, str):
            self.fail("invalid")
        return super().run_validation(data)


class Time(serializers.DateTimeField):
    """A moment in UTC, ISO 8601 with Z; what comes in without a zone is taken as UTC."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"default_timezone": UTC} | options))

    def to_representation(self, value: datetime) -> str:
        return iso(value)


class Id(serializers.IntegerField):
    def __init__(self, **options: Any) -> None:
        super().__init__(**({"min_value": 1, "max_value": MAX_ID} | options))


class IdOr(Id):
    # An id in a filter, or one of these words.
    words: tuple[str, ...] = ()

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return data if data in self.words else super().run_validation(data)


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string", "enum": ["none"]}]})
class TeamOrNone(IdOr):
    words = ("none",)


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string", "enum": ["me", "none"]}]})
class PersonOrNone(IdOr):
    words = ("me", "none")


class FileId(serializers.UUIDField):
    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class OwnId(Text):
    """What the sender calls it, so that sending it twice is harmless."""

    def __init__(self, **options: Any) -> None:
        usual: dict[str, Any] = {"required": False, "allow_blank": True, "default": "", "max_length": 64}
        super().__init__(**(usual | {"help_text": "Your own id; makes it harmless to repeat."} | options))


class Strict(serializers.Serializer[Any]):
    # Refuses what it does not know: a misspelt field must not be lost in silence, a foreign one not be set.
    # (No docstring: the schema would show it for every body.)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(dict.fromkeys(unknown, ["There is no such field here."]))
        return super().to_internal_value(data)


class Out(serializers.ModelSerializer[Any]):
    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        **{field: Time for field, kind in serializers.ModelSerializer.serializer_field_mapping.items()
           if kind is serializers.DateTimeField},
    }  # fmt: skip


class ErrorBody(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="For programs: `invalid`, `not_found`, `conflict`, …")
    detail = serializers.CharField(help_text="For people.")
    # `fields` is also the name of a property that serializers have, so it is put in place below.

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        words = serializers.ListField(child=serializers.CharField())
        found = serializers.DictField(child=words, help_text="Complaints by field, `customer.email` for nested ones.")
        return {**super().get_fields(), "fields": found}


class ErrorOut(serializers.Serializer[Any]):
    error = ErrorBody()


class NoFilters(Strict):
    pass
