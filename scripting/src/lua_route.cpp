// Routes: which accounts a post goes to when it names none itself.
#include "lua_values.hpp"

namespace postrider::script {
namespace {

FieldBinding const route_fields[] = {
    {"tags", Form::texts, false, "the post has all of these"},
    {"kind", Form::words, false, "the post is one", {}, "video|photo|text"},
    {"networks", Form::texts, false, "only the accounts of these"},
    {"accounts", Form::any, true, "who gets the post", "(postrider.Account|string)[]"},
    {"stop", Form::boolean, false, "look at no further route when this one matches"},
};

int make_route(lua_State* L) {
    Fields const fields(L, 1, route_table);
    RouteValue route;
    route.tags = fields.texts("tags");
    route.kind = fields.text("kind");
    route.networks = fields.texts("networks");
    for (auto const& network : route.networks) (void)context(L).descriptor(network);
    (void)fields.push("accounts");
    route.accounts = read_accounts(L, -1, "'accounts' of route", "accounts");
    route.stop = fields.boolean("stop");
    context(L).charge(64 * (route.accounts.size() + route.tags.size() + route.networks.size()));
    push(L, std::move(route));
    return 1;
}

}  // namespace

TableBinding const route_table{
    "route", "RouteFields", "All conditions that are given must hold.", route_fields};
ClassBinding const route_class{
    .name = "Route", .doc = "Where posts of a sort go.", .destroy = destroy<RouteValue>};

std::vector<FunctionBinding> const route_functions = {
    {"route",
     "fields: postrider.RouteFields",
     "postrider.Route",
     "Sends posts to accounts by tag and kind; accounts of all matching routes are united.",
     "unknown_field unknown_account unknown_network",
     guarded<make_route>},
};

}  // namespace postrider::script
