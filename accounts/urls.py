"""Signing in, coming in, and everything under Settings."""

from allauth.account import views as allauth
from django.urls import path, re_path

from accounts.views import breathers, company, first_run, invitations, people, profile, sites
from accounts.views.signing_in import SignIn

app_name = "accounts"
urlpatterns = [
    path("start/", first_run.first_run, name="first_run"),
    path("invitations/<str:token>/", invitations.accept_invitation, name="accept_invitation"),
    path("settings/", company.settings_index, name="settings"),
    path("settings/company/", company.company, name="company"),
    path("settings/profile/", profile.profile, name="profile"),
    path("settings/profile/picture/", profile.set_picture, name="set_picture"),
    path("settings/profile/picture/remove/", profile.remove_picture, name="remove_picture"),
    path("pictures/<uuid:picture>/", profile.picture, name="picture"),
    path("settings/availability/", profile.set_availability, name="set_availability"),
    path("settings/breather/", breathers.breather, name="breather"),
    path("settings/tokens/", profile.create_token, name="create_token"),
    path("settings/tokens/<int:pk>/revoke/", profile.revoke_token, name="revoke_token"),
    path("settings/people/", people.people, name="people"),
    path("settings/people/invite/", people.invite, name="invite"),
    path("settings/people/<int:pk>/", people.person, name="person"),
    path("settings/people/<int:pk>/role/", people.set_role, name="set_role"),
    path("settings/people/<int:pk>/deactivate/", people.deactivate, name="deactivate"),
    path("settings/people/<int:pk>/activate/", people.activate, name="activate"),
    path("settings/people/<int:pk>/invite-again/", people.invite_again, name="invite_again"),
    path("settings/people/<int:pk>/withdraw/", people.withdraw, name="withdraw"),
    path("settings/teams/", people.teams, name="teams"),
    path("settings/teams/<int:pk>/", people.rename_team, name="rename_team"),
    path("settings/sites/", sites.sites, name="sites"),
    path("settings/sites/new/", sites.new_site, name="new_site"),
    path("settings/sites/<int:pk>/", sites.site, name="site"),
    path("settings/sites/<int:pk>/look/", sites.site_look, name="site_look"),
    path("settings/sites/<int:pk>/words/", sites.site_words, name="site_words"),
    path("settings/sites/<int:pk>/hours/", sites.site_hours, name="site_hours"),
]

# What we want of allauth, under the names it looks for: no sign-up, no address management.
sign_in_patterns = [
    path("login/", SignIn.as_view(), name="account_login"),
    path("logout/", allauth.logout, name="account_logout"),
    path("inactive/", allauth.account_inactive, name="account_inactive"),
    path("reauthenticate/", allauth.reauthenticate, name="account_reauthenticate"),
    path("password/change/", allauth.password_change, name="account_change_password"),
    path("password/reset/", allauth.password_reset, name="account_reset_password"),
    path("password/reset/done/", allauth.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allauth.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("password/reset/key/done/", allauth.password_reset_from_key_done, name="account_reset_password_from_key_done"),
]
