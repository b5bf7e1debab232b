"""Concerns and their forms, the questionnaire and the consent texts, over HTTP."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from clinic.api.base import CatalogueViewSet, VersionedViewSet
from patients.models import (
    Concern,
    ConcernSubtype,
    ConsentClause,
    ConsentText,
    ScreeningRule,
    ScreeningWording,
)


class ConcernSubtypeOut(serializers.ModelSerializer[ConcernSubtype]):
    class Meta:
        model = ConcernSubtype
        fields = ["id", "code", "name", "advice", "source", "evidence"]
        read_only_fields = fields


class ConcernOut(serializers.ModelSerializer[Concern]):
    subtypes = ConcernSubtypeOut(many=True)

    class Meta:
        model = Concern
        fields = ["id", "code", "name", "subtypes", "is_active"]
        read_only_fields = fields


class ConcernViewSet(CatalogueViewSet):
    model = Concern
    resource = "patients.concern"
    serializer_class = ConcernOut

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().prefetch_related("subtypes")


class ScreeningWordingOut(serializers.ModelSerializer[ScreeningWording]):
    class Meta:
        model = ScreeningWording
        fields = ["language", "question"]
        read_only_fields = fields


class ScreeningRuleOut(serializers.ModelSerializer[ScreeningRule]):
    wordings = ScreeningWordingOut(many=True)

    class Meta:
        model = ScreeningRule
        fields = [
            *(
                "code",
                "version",
                "position",
                "question",
                "wordings",
                "asks_last_exposure",
                "ask_again",
            ),
            *("scope", "condition", "severity", "washout_days", "message", "overridable_by"),
            "sign_off",
            *("source", "evidence"),
        ]
        read_only_fields = fields


class ScreeningRuleViewSet(VersionedViewSet):
    """The questionnaire as it is asked now."""

    model = ScreeningRule
    resource = "patients.screeningrule"
    serializer_class = ScreeningRuleOut

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().prefetch_related("wordings")


class ConsentClauseOut(serializers.ModelSerializer[ConsentClause]):
    class Meta:
        model = ConsentClause
        fields = ["code", "wording", "is_required"]
        read_only_fields = fields


class ConsentTextOut(serializers.ModelSerializer[ConsentText]):
    clauses = ConsentClauseOut(many=True)

    class Meta:
        model = ConsentText
        fields = [
            *("id", "kind", "language", "version", "title", "body", "sha256", "clauses"),
        ]
        read_only_fields = fields


class ConsentTextViewSet(VersionedViewSet):
    """The texts that are signed now."""

    model = ConsentText
    resource = "patients.consenttext"
    serializer_class = ConsentTextOut

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().prefetch_related("clauses")
