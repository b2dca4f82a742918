"""Customers, their addresses and companies."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.serializers.base import Id, Out, Strict, Text
from customers.models import Address, Company, Customer


class CompanyOut(Out):
    class Meta:
        model = Company
        fields = ["id", "name", "domain", "created_at"]
        read_only_fields = fields


class CompanyOfOut(Out):
    class Meta:
        model = Company
        fields = ["id", "name"]
        read_only_fields = fields


class AddressOut(Out):
    class Meta:
        model = Address
        fields = ["email", "proof"]
        read_only_fields = fields


class CustomerOfOut(Out):
    email = serializers.EmailField(read_only=True, allow_null=True, help_text="The best address, if there is one.")

    class Meta:
        model = Customer
        fields = ["id", "name", "email"]
        read_only_fields = fields


class CustomerOut(Out):
    email = serializers.EmailField(read_only=True, allow_null=True, help_text="The best address, if there is one.")
    addresses = AddressOut(many=True, read_only=True)
    company = CompanyOfOut(read_only=True, allow_null=True)

    class Meta:
        model = Customer
        fields = [
            "id",
            "name",
            "email",
            "addresses",
            "company",
            "locale",
            "time_zone",
            "note",
            "is_blocked",
            "created_at",
        ]
        read_only_fields = fields


class CustomerFilters(Strict):
    q = Text(required=False, max_length=200, help_text="Part of a name or an address.")
    email = Text(required=False, max_length=254, help_text="Exactly this address, whatever its case.")
    company = Id(required=False)


class WhoIn(Strict):
    """By `email`, made if there is none such yet, or by the `id` of one you may see."""

    id = Id(required=False)
    email = serializers.EmailField(required=False, max_length=254)
    name = Text(required=False, allow_blank=True, max_length=160, help_text="For someone new.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("id" in attrs) == ("email" in attrs):
            raise serializers.ValidationError("Give either id or email.")
        return attrs


class CustomerMergeIn(Strict):
    merged = Id(help_text="The id of the other one.")


class CustomerIn(Strict):
    email = serializers.EmailField(max_length=254)
    name = Text(required=False, allow_blank=True, default="", max_length=160)
    company = Id(required=False, help_text="A company's id.")
    note = Text(required=False, allow_blank=True, max_length=10_000)


class CustomerChangeIn(Strict):
    name = Text(required=False, allow_blank=True, max_length=160)
    company = Id(required=False, help_text="A company's id.")
    note = Text(required=False, allow_blank=True, max_length=10_000)
