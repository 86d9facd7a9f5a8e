from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from posthog_clone.admin import BY_PROJECT, ModelAdmin, RecordAdmin
from projects.access import is_scope
from projects.lifecycle import delete_project
from projects.models import (
    ActivityLogEntry,
    Organization,
    OrganizationMembership,
    PersonalAPIKey,
    Project,
    Role,
    RoleMembership,
    User,
)


class MembershipInline(TabularInline):
    model = OrganizationMembership
    extra = 0
    autocomplete_fields = ["organization", "user"]


@admin.register(Organization)
class OrganizationAdmin(ModelAdmin):
    list_display = ["name", "slug", "created_at"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["created_at", "updated_at"]
    inlines = [MembershipInline]

    def has_delete_permission(self, request, obj=None):
        return False  # delete its projects one by one, then see who is left


@admin.register(Project)
class ProjectAdmin(ModelAdmin):
    list_display = ["name", "id", "organization", "api_token", "ingested_event", "created_at"]
    list_filter = [("organization", AutocompleteSelectFilter), "ingested_event"]
    list_select_related = ["organization"]
    search_fields = ["name", "api_token"]
    autocomplete_fields = ["organization"]
    readonly_fields = [
        *("uuid", "ingested_event", "settings", "person_display_name_properties"),
        *("created_at", "updated_at"),
    ]

    def get_readonly_fields(self, request, obj=None):
        """SDKs in the field send the token, and keys reach a project by its organization."""
        fixed = ["api_token", "organization"] if obj else []
        return [*fixed, *self.readonly_fields]

    def get_deleted_objects(self, objs, request):
        """Without the list of all that goes with them, which may be millions of rows."""
        allowed = super().has_delete_permission(request)
        names = [f"{project.name}, with everything in it" for project in objs]
        return names, {"projects": len(names)}, set() if allowed else {"project"}, []

    def delete_model(self, request, obj):
        delete_project(obj)

    def delete_queryset(self, request, queryset):
        for project in queryset:
            delete_project(project)


class NewUserForm(UserCreationForm):
    class Meta:
        model = User
        fields = ["email"]


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "first_name", "last_name", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["email"]
    autocomplete_fields = ["current_organization", "current_project", "groups"]
    filter_horizontal = ["user_permissions"]
    readonly_fields = ["uuid", "distinct_id", "last_login", "date_joined"]
    inlines = [MembershipInline]
    fieldsets = [
        (None, {"fields": ["email", "password", "first_name", "last_name"]}),
        ("API", {"fields": ["current_organization", "current_project", "uuid", "distinct_id"]}),
        (
            "Permissions",
            {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]},
        ),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["email", "usable_password", "password1", "password2"]}),
        ("Permissions", {"fields": ["is_staff", "is_superuser"]}),
    ]

    def save_related(self, request, form, formsets, change):
        """A member starts in the oldest project of theirs; the API's @current needs one."""
        super().save_related(request, form, formsets, change)
        user = form.instance
        if user.current_project_id is None:
            project = Project.objects.filter(organization__members=user).order_by("id").first()
            if project:
                user.current_project = project
                user.current_organization = project.organization
                user.save(update_fields=["current_project", "current_organization"])


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """Groups of staff users, by what they may do here."""


@admin.register(OrganizationMembership)
class OrganizationMembershipAdmin(ModelAdmin):
    list_display = ["user", "organization", "level", "joined_at"]
    list_filter = ["level", ("organization", AutocompleteSelectFilter)]
    list_select_related = ["user", "organization"]
    search_fields = ["user__email", "organization__name"]
    autocomplete_fields = ["user", "organization"]
    readonly_fields = ["joined_at", "updated_at"]


class RoleMembershipInline(TabularInline):
    model = RoleMembership
    extra = 0
    autocomplete_fields = ["organization_member"]


@admin.register(Role)
class RoleAdmin(ModelAdmin):
    list_display = ["name", "organization", "created_at"]
    list_filter = [("organization", AutocompleteSelectFilter)]
    list_select_related = ["organization"]
    search_fields = ["name"]
    autocomplete_fields = ["organization"]
    readonly_fields = ["created_at"]
    inlines = [RoleMembershipInline]


@admin.register(RoleMembership)
class RoleMembershipAdmin(ModelAdmin):
    list_display = ["organization_member", "role", "joined_at"]
    list_filter = [("role", AutocompleteSelectFilter)]
    list_select_related = ["role", "organization_member__user", "organization_member__organization"]
    search_fields = ["organization_member__user__email", "role__name"]
    autocomplete_fields = ["role", "organization_member"]
    readonly_fields = ["joined_at", "updated_at"]


class KeyForm(forms.ModelForm):
    def clean_scopes(self):
        scopes = self.cleaned_data["scopes"]
        if not isinstance(scopes, list) or not scopes:
            raise forms.ValidationError('A JSON list of scopes, such as ["error_tracking:read"].')
        if unknown := [scope for scope in scopes if not is_scope(str(scope))]:
            raise forms.ValidationError(f"Invalid scope: {unknown[0]}")
        return scopes


@admin.register(PersonalAPIKey)
class PersonalAPIKeyAdmin(ModelAdmin):
    form = KeyForm
    list_display = ["label", "user", "mask_value", "scopes", "last_used_at", "created_at"]
    list_filter = [("user", AutocompleteSelectFilter)]
    list_select_related = ["user"]
    search_fields = ["label", "user__email", "mask_value"]
    autocomplete_fields = ["user"]
    readonly_fields = ["mask_value", "created_at", "last_used_at", "last_rolled_at"]

    def get_readonly_fields(self, request, obj=None):
        return [*(["user"] if obj else []), *self.readonly_fields]

    def save_model(self, request, obj, form, change):
        if change:
            super().save_model(request, obj, form, change)
            return
        value = obj.set_new_value()
        super().save_model(request, obj, form, change)
        messages.warning(request, f"The key is {value} – copy it now, it is not shown again.")


@admin.register(ActivityLogEntry)
class ActivityLogEntryAdmin(RecordAdmin):
    list_display = ["created_at", "user", "activity", "scope", "item_id", "project"]
    list_filter = [BY_PROJECT, "scope", "activity"]
    list_select_related = ["user", "project"]
    exact_search = ["item_id", "user__email"]
    search_help_text = "The whole id of what was changed, or the user's e-mail"
    ordering = ["-id"]
