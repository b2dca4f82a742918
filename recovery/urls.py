"""The addresses of making good: beside a ticket, the queue, the customers' pages and the settings."""

from django.urls import path

from recovery.views import approvals, budgets, cases, ledger, offers, panel, portal, ruling, stock, telling, triggers

from recovery.views import approvals, budgets, ledger, offers

app_name = "recovery"

urlpatterns = [
    path("tickets/<int:number>/recovery/", panel.panel, name="panel"),
    path("tickets/<int:number>/recovery/failure/", panel.note, name="failure"),
    path("tickets/<int:number>/recovery/failure/withdraw/", panel.withdraw, name="withdraw_failure"),
    path("tickets/<int:number>/recovery/fault/", panel.fault, name="fault"),
    path("tickets/<int:number>/recovery/marks/", panel.mark, name="mark"),
    path("tickets/<int:number>/recovery/case/", cases.case, name="case"),
    path("tickets/<int:number>/recovery/case/open/", cases.open_case, name="open_case"),
    path("recovery/", cases.queue, name="queue"),
    path("recovery/decisions/", cases.decisions, name="decisions"),
    path("settings/recovery/triggers/", triggers.triggers, name="triggers"),
    path("settings/recovery/triggers/<slug:trigger>/preview/", triggers.preview, name="trigger_preview"),
    path("recovery/place/", cases.place, name="place"),
    path("root-causes/<int:pk>/tell/", telling.tell, name="tell"),
    path("root-causes/told/<int:pk>/", telling.told, name="told"),
    path("root-causes/told/<int:pk>/stop/", telling.stop, name="stop_telling"),
    path("settings/recovery/remedies/", stock.remedies, name="remedies"),
    path("settings/recovery/remedies/new/", stock.remedy, name="new_remedy"),
    path("settings/recovery/remedies/<int:pk>/", stock.remedy, name="remedy"),
    path("settings/recovery/remedies/<int:pk>/arrange/", stock.arrange_remedy, name="arrange_remedy"),
    path("settings/recovery/codes/", stock.pools, name="pools"),
    path("settings/recovery/codes/<int:pk>/", stock.pool, name="pool"),
    path("settings/recovery/shop/", stock.shop, name="shop"),
    path("tickets/<int:number>/recovery/offer/", offers.compose, name="offer_form"),
    path("tickets/<int:number>/recovery/offer/preview/", offers.preview, name="offer_preview"),
    path("tickets/<int:number>/recovery/offer/send/", offers.send, name="send_offer"),
    path("tickets/<int:number>/recovery/offer/withdraw/", offers.withdraw, name="withdraw_offer"),
    path("tickets/<int:number>/recovery/offer/answer/", offers.answer, name="answer_offer"),
    path("tickets/<int:number>/recovery/offer/done/", offers.done, name="offer_done"),
    path("recovery/approvals/", approvals.approvals, name="approvals"),
    path("recovery/approvals/<uuid:offer>/", approvals.decide, name="decide"),
    path("recovery/ledger/", ledger.ledger, name="ledger"),
    path("recovery/ledger/export/", ledger.export, name="ledger_export"),
    path("recovery/ledger/alarms/<int:pk>/", ledger.settle, name="settle_alarm"),
    path("settings/recovery/budgets/", budgets.budgets, name="budgets"),
    path("settings/recovery/budgets/roles/<slug:role>/", budgets.allowance, name="allowance"),
    path("settings/recovery/budgets/teams/<int:pk>/", budgets.team_budget, name="team_budget"),
    path("settings/recovery/budgets/rates/", budgets.rate, name="rate"),
    path("offer/<str:token>/", portal.offer, name="offer"),
    path("survey/<str:token>/", portal.survey, name="survey"),
    path("settings/recovery/", ruling.policy, name="policy"),
    path("recovery/stop/", ruling.switch, name="switch"),
    path("recovery/stop/now/", ruling.stop, name="stop"),
    path("recovery/stop/end/", ruling.start, name="go_on"),
]
