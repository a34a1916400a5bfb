// The options of a network as data, kept with a plan that leaves choices open: an answer is checked
// by the rules that were declared when the plan was made, also when the adapter is not loaded or
// has become another version.
#include "plan/plan_parts.hpp"

#include "job/json_members.hpp"

namespace postrider::core::detail {
namespace {

namespace json = boost::json;
using adapter::OptionSpec;

json::object option_json(OptionSpec const& option) {
    json::object object;
    object["name"] = option.name;
    object["type"] = word(option.type);
    json::array values;
    for (auto const& value : option.values) values.emplace_back(value.value);
    object["values"] = std::move(values);
    object["reserved"] = option.reserved;
    object["askable"] = option.askable;
    json::array kinds;
    for (auto const kind : option.kinds) kinds.emplace_back(word(kind));
    object["kinds"] = std::move(kinds);
    json::array deliver;
    for (auto const way : option.deliver) deliver.emplace_back(word(way));
    object["deliver"] = std::move(deliver);
    object["integer_min"] = option.integer_min;
    object["integer_max"] = option.integer_max;
    json::array exclusions;
    for (auto const& exclusion : option.exclusions)
        exclusions.push_back({{"value", exclusion.value},
                              {"other_option", exclusion.other_option},
                              {"other_value", exclusion.other_value},
                              {"sentence", exclusion.sentence}});
    object["exclusions"] = std::move(exclusions);
    object["secret"] = option.secret;
    return object;
}

template <class E>
std::vector<E> enumerators(json::object const& object, std::string_view name) {
    std::vector<E> all;
    for (auto const& text : read_texts(object, name))
        if (auto const value = from_word<E>(text)) all.push_back(*value);
    return all;
}

OptionSpec option_from_json(json::object const& object) {
    OptionSpec option;
    option.name = read_text(object, "name");
    option.type = from_word<adapter::OptionType>(read_text(object, "type")).value_or(option.type);
    for (auto const& value : read_texts(object, "values")) option.values.push_back({value, {}});
    option.reserved = read_flag(object, "reserved");
    option.askable = read_flag(object, "askable");
    option.kinds = enumerators<adapter::PostKind>(object, "kinds");
    option.deliver = enumerators<adapter::Deliver>(object, "deliver");
    option.integer_min = read_number(object, "integer_min").value_or(0);
    option.integer_max = read_number(object, "integer_max").value_or(0);
    for (auto const& value : read_array(object, "exclusions")) {
        if (!value.is_object()) continue;
        auto const& exclusion = value.get_object();
        option.exclusions.push_back({read_text(exclusion, "value"),
                                     read_text(exclusion, "other_option"),
                                     read_text(exclusion, "other_value"),
                                     read_text(exclusion, "sentence")});
    }
    option.secret = read_flag(object, "secret");
    return option;
}

}  // namespace

json::object option_rules_json(adapter::Descriptor const& descriptor) {
    json::array options;
    for (auto const& option : descriptor.options) options.push_back(option_json(option));
    return {{"network", descriptor.network}, {"options", std::move(options)}};
}

adapter::Descriptor option_rules_from_json(json::object const& object) {
    adapter::Descriptor descriptor;
    descriptor.network = read_text(object, "network");
    for (auto const& option : read_array(object, "options"))
        if (option.is_object()) descriptor.options.push_back(option_from_json(option.get_object()));
    return descriptor;
}

}  // namespace postrider::core::detail
