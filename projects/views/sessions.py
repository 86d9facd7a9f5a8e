"""Logging in and out by browser."""

from django.contrib.auth import authenticate, login, logout
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from posthog_clone.api.serializers import Constant, Serializer
from projects.viewsets import PublicViewSet, ScopedViewSet


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Log in",
            {"email": "ada@example.com", "password": "a long passphrase"},
            request_only=True,
        )
    ]
)
class LoginSerializer(Serializer):
    email = serializers.EmailField(write_only=True)
    password = serializers.CharField(write_only=True, trim_whitespace=False, max_length=4096)
    success = Constant(True)


class LoginViewSet(PublicViewSet):
    serializer_class = LoginSerializer

    @extend_schema(responses={200: LoginSerializer})
    def create(self, request):
        """Start a session: the answer sets its cookie."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        user = authenticate(request._request, **body.validated_data)
        if user is None:
            raise ValidationError("Invalid email or password.", code="invalid_credentials")
        login(request._request, user)
        return Response({"success": True})


class LogoutViewSet(ScopedViewSet):
    def check_reach(self):
        pass

    @extend_schema(request=None, responses={204: None})
    def create(self, request):
        """End the session."""
        logout(request._request)
        return Response(status=204)
