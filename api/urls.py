"""The addresses of the API, version 1."""

from django.urls import path, re_path

from api.views import articles, docs, macros, merging, people, snoozing, tickets, timeline

app_name = "api"
urlpatterns = [
    path("tickets/", tickets.Tickets.as_view(), name="tickets"),
    path("tickets/<int:number>/", tickets.OneTicket.as_view(), name="ticket"),
    path("tickets/<int:number>/messages/", timeline.Messages.as_view(), name="messages"),
    path("tickets/<int:number>/events/", timeline.Events.as_view(), name="events"),
    path("tickets/<int:number>/assign/", tickets.Assign.as_view(), name="assign"),
    path("tickets/<int:number>/resolve/", tickets.Resolve.as_view(), name="resolve"),
    path("tickets/<int:number>/reopen/", tickets.Reopen.as_view(), name="reopen"),
    path("tickets/<int:number>/snooze/", snoozing.Snooze.as_view(), name="snooze"),
    path("tickets/<int:number>/wake/", snoozing.Wake.as_view(), name="wake"),
    path("tickets/<int:number>/merge/", merging.Merge.as_view(), name="merge"),
    path("tickets/<int:number>/unmerge/", merging.Unmerge.as_view(), name="unmerge"),
    path("tickets/<int:number>/macro/", macros.ApplyMacro.as_view(), name="apply_macro"),
    path("customers/", people.Customers.as_view(), name="customers"),
    path("customers/<int:pk>/", people.OneCustomer.as_view(), name="customer"),
    path("companies/", people.Companies.as_view(), name="companies"),
    path("teams/", people.Teams.as_view(), name="teams"),
    path("users/", people.Users.as_view(), name="users"),
    path("tags/", people.Tags.as_view(), name="tags"),
    path("macros/", macros.Macros.as_view(), name="macros"),
    path("macros/<int:pk>/", macros.OneMacro.as_view(), name="macro"),
    path("articles/", articles.Articles.as_view(), name="articles"),
    path("articles/<int:pk>/", articles.OneArticle.as_view(), name="article"),
    path("schema/", docs.Schema.as_view(), name="schema"),
    path("docs/", docs.Docs.as_view(), name="docs"),
    re_path(r"", docs.Unknown.as_view(), name="unknown"),
]
