// Compares what a file is with what a network takes, number by number.
#include <postrider/core/media_rules.hpp>

#include "mending.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>

namespace postrider::core {
namespace {

using adapter::CreatorFacts;
using adapter::Deliver;
using adapter::MediaFacts;
using adapter::MediaRules;
using adapter::PostKind;

/// Averages of real files stray a little: a phone's 60 frames a second are measured as 60.004.
constexpr double frame_rate_tolerance = 0.01;

/// A finding before the command is known, which is made from all of them together.
struct Draft {
    Finding::Level level = Finding::Level::error;
    std::string sentence;
    boost::json::value got;
    boost::json::array allowed;
};

struct Review {
    std::vector<Draft> drafts;
    Faults faults;

    template <class Got>
    void add(std::string sentence, Got const& got, boost::json::array allowed) {
        drafts.push_back({Finding::Level::error,
                          std::move(sentence),
                          boost::json::value(got),
                          std::move(allowed)});
    }
    template <class Got>
    void warn(std::string sentence, Got const& got, boost::json::array allowed) {
        drafts.push_back({Finding::Level::warning,
                          std::move(sentence),
                          boost::json::value(got),
                          std::move(allowed)});
    }
};

boost::json::array words(std::vector<std::string> const& list) {
    boost::json::array array;
    for (std::string const& word : list) array.emplace_back(word);
    return array;
}

bool contains(std::vector<std::string> const& list, std::string const& word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

/// "at least 23", "at most 60", "23 to 60".
template <class Number>
std::string bounds(Number least, Number most) {
    if (most <= 0) return fmt::format("at least {}", least);
    if (least <= 0) return fmt::format("at most {}", most);
    return fmt::format("{} to {}", least, most);
}

template <class Number>
boost::json::array bounds_array(Number least, Number most) {
    boost::json::array array;
    array.emplace_back(least);
    array.emplace_back(most > 0 ? boost::json::value(most) : boost::json::value());
    return array;
}

std::string seconds_of(std::int64_t milliseconds) {
    return fmt::format("{}", static_cast<double>(milliseconds) / 1000);
}

void review_kind(Review& review, MediaFacts const& facts, MediaRules const& rules) {
    std::string_view const wanted = rules.kind == PostKind::photo ? "image" : "video";
    if (facts.kind == wanted) return;
    std::string_view const wanted_word = rules.kind == PostKind::photo ? "a photo" : "a video";
    std::string const what = facts.kind == "audio"   ? "sound without pictures"
                             : facts.kind == "image" ? "a picture"
                             : facts.kind == "video" ? "a video"
                                                     : "of unknown kind";
    review.add(
        fmt::format("is {}, and this post needs {}", what, wanted_word), facts.kind, {wanted});
    if (facts.kind == "video")
        review.faults.wants_photo = true;
    else
        review.faults.hopeless = true;
}

void review_container(Review& review, MediaFacts const& facts, MediaRules const& rules) {
    if (rules.containers.empty() || contains(rules.containers, facts.container)) return;
    review.faults.container = true;
    review.add(fmt::format("is a file of type {}; the network takes {}",
                           facts.container,
                           fmt::join(rules.containers, ", ")),
               facts.container,
               words(rules.containers));
}

void review_codec(Review& review, MediaFacts const& facts, MediaRules const& rules) {
    if (rules.video_codecs.empty() || contains(rules.video_codecs, facts.video_codec)) return;
    review.faults.video_codec = true;
    review.add(fmt::format("has video encoded as {}; the network takes {}",
                           facts.video_codec.empty() ? "something unknown" : facts.video_codec,
                           fmt::join(rules.video_codecs, ", ")),
               facts.video_codec,
               words(rules.video_codecs));
}

void review_side(Review& review, MediaRules const& rules, int pixels, std::string_view adjective) {
    bool const small = rules.side_min > 0 && pixels < rules.side_min;
    bool const large = rules.side_max > 0 && pixels > rules.side_max;
    if (!small && !large) return;
    review.faults.side = true;
    review.add(fmt::format("is {} pixels {}; the network takes {} pixels for each side",
                           pixels,
                           adjective,
                           bounds(rules.side_min, rules.side_max)),
               pixels,
               bounds_array(rules.side_min, rules.side_max));
}

void review_frame_rate(Review& review, MediaFacts const& facts, MediaRules const& rules) {
    if (rules.frame_rate_min <= 0 && rules.frame_rate_max <= 0) return;
    auto const allowed = bounds_array(rules.frame_rate_min, rules.frame_rate_max);
    if (facts.frame_rate <= 0) {
        review.faults.frame_rate = true;
        review.warn(
            fmt::format("does not say how many frames a second it has; the network takes {}",
                        bounds(rules.frame_rate_min, rules.frame_rate_max)),
            nullptr,
            allowed);
        return;
    }
    bool const slow = facts.frame_rate < rules.frame_rate_min - frame_rate_tolerance;
    bool const fast =
        rules.frame_rate_max > 0 && facts.frame_rate > rules.frame_rate_max + frame_rate_tolerance;
    if (!slow && !fast) return;
    review.faults.frame_rate = true;
    review.add(fmt::format("has {:g} frames a second; the network takes {}",
                           facts.frame_rate,
                           bounds(rules.frame_rate_min, rules.frame_rate_max)),
               facts.frame_rate,
               allowed);
}

void review_duration(Review& review,
                     MediaFacts const& facts,
                     MediaRules const& rules,
                     CreatorFacts const* creator,
                     Deliver deliver) {
    std::int64_t most = rules.duration_ms_max;
    std::string_view whose = "the network takes";
    auto const& bound = rules.duration_limit_deliver;
    bool const binds =
        bound.empty() || std::find(bound.begin(), bound.end(), deliver) != bound.end();
    if (creator != nullptr && binds && !rules.duration_limit_fact.empty()) {
        auto const own = creator->limits.find(rules.duration_limit_fact);
        if (own != creator->limits.end() && own->second > 0 && (most <= 0 || own->second < most)) {
            most = own->second;
            whose = "this creator may post";
        }
    }
    if (most <= 0) return;
    if (facts.duration_ms <= 0) {
        review.warn(
            fmt::format("does not say how long it is; {} at most {} s", whose, seconds_of(most)),
            nullptr,
            {0, most});
        return;
    }
    if (facts.duration_ms <= most) return;
    // A cut falls on a frame and on a block of sound, which may lie behind the mark: a little less
    // is asked for.
    review.faults.cut_to_ms = std::max(most - 1000, most / 10 * 9);
    review.add(
        fmt::format(
            "lasts {} s; {} at most {} s", seconds_of(facts.duration_ms), whose, seconds_of(most)),
        facts.duration_ms,
        {0, most});
}

void review_size(Review& review, MediaFacts const& facts, MediaRules const& rules) {
    if (rules.size_bytes_max > 0 && facts.size_bytes > rules.size_bytes_max) {
        review.faults.size = true;
        review.add(fmt::format("has {} bytes; the network takes at most {}",
                               facts.size_bytes,
                               rules.size_bytes_max),
                   facts.size_bytes,
                   {0, rules.size_bytes_max});
    } else if (rules.size_bytes_warn > 0 && facts.size_bytes > rules.size_bytes_warn) {
        review.faults.size = true;
        review.warn(fmt::format("has {} bytes; the network may refuse more than {}",
                                facts.size_bytes,
                                rules.size_bytes_warn),
                    facts.size_bytes,
                    {0, rules.size_bytes_warn});
    }
}

Review review_of(MediaFacts const& facts,
                 MediaRules const& rules,
                 CreatorFacts const* creator,
                 Deliver deliver) {
    Review review;
    if (!facts.url.empty()) {
        if (!rules.url_allowed && !rules.url_only) {
            review.add("is a URL, and the network takes files only: download it and name the file",
                       "url",
                       {"file"});
            review.faults.hopeless = true;
        }
        return review;
    }
    if (rules.url_only) {
        review.add(
            "is a local file, and the network fetches this kind of media itself: publish it under "
            "an https URL and "
            "name that",
            "file",
            {"url"});
        review.faults.hopeless = true;
    }
    review_kind(review, facts, rules);
    bool const right_kind = !review.faults.wants_photo && !review.faults.hopeless;
    if (!right_kind && !review.faults.wants_photo && !rules.url_only) return review;
    if (right_kind || rules.url_only) review_container(review, facts, rules);
    review_side(review, rules, facts.width, "wide");
    review_side(review, rules, facts.height, "high");
    if (rules.kind == PostKind::video && facts.kind == "video") {
        review_codec(review, facts, rules);
        review_frame_rate(review, facts, rules);
        review_duration(review, facts, rules, creator, deliver);
    }
    if (!review.faults.wants_photo) review_size(review, facts, rules);
    return review;
}

std::string subject(MediaFacts const& facts) {
    std::string text = facts.url.empty() ? facts.path : facts.url;
    for (char& letter : text)
        if (std::iscntrl(static_cast<unsigned char>(letter)) != 0) letter = '?';
    return text;
}

}  // namespace

std::vector<Finding> check_media(std::vector<MediaFacts> const& media,
                                 MediaRules const& rules,
                                 CreatorFacts const* creator,
                                 Deliver deliver) {
    std::vector<Finding> findings;
    auto const count = static_cast<std::int64_t>(media.size());
    if (count < rules.count_min || (rules.count_max > 0 && count > rules.count_max)) {
        Finding finding;
        finding.code = "media.unsupported";
        finding.path = "/media";
        finding.message = fmt::format("The post has {} media; the network takes {} in one post.",
                                      count,
                                      rules.count_min == rules.count_max
                                          ? fmt::format("{}", rules.count_max)
                                          : bounds(rules.count_min, rules.count_max));
        finding.got = count;
        finding.allowed = bounds_array(rules.count_min, rules.count_max);
        findings.push_back(std::move(finding));
    }
    for (std::size_t index = 0; index < media.size(); ++index) {
        auto found = check_media_item(
            media[index], rules, creator, fmt::format("/media/{}", index), deliver);
        std::move(found.begin(), found.end(), std::back_inserter(findings));
    }
    return findings;
}

std::vector<Finding> check_media_item(MediaFacts const& facts,
                                      MediaRules const& rules,
                                      CreatorFacts const* creator,
                                      std::string_view path,
                                      Deliver deliver) {
    Review review = review_of(facts, rules, creator, deliver);
    std::string const command = mending_command(facts, rules, review.faults);
    std::vector<Finding> findings;
    for (Draft& draft : review.drafts) {
        Finding finding;
        finding.level = draft.level;
        finding.code = "media.unsupported";
        finding.path = std::string(path);
        finding.message = fmt::format("'{}' {}.", subject(facts), draft.sentence);
        if (!command.empty()) finding.message += fmt::format(" This mends it: {}", command);
        finding.got = std::move(draft.got);
        finding.allowed = std::move(draft.allowed);
        findings.push_back(std::move(finding));
    }
    return findings;
}

std::string mending_command(MediaFacts const& facts,
                            MediaRules const& rules,
                            CreatorFacts const* creator) {
    return mending_command(facts, rules, review_of(facts, rules, creator, Deliver::direct).faults);
}

std::string shell_quoted(std::string_view word) {
    bool const control = std::any_of(word.begin(), word.end(), [](char letter) {
        return std::iscntrl(static_cast<unsigned char>(letter)) != 0;
    });
    std::string quoted = control ? "$'" : "'";
    for (char const letter : word) {
        auto const byte = static_cast<unsigned char>(letter);
        if (!control)
            quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
        else if (std::iscntrl(byte) != 0)
            quoted += fmt::format("\\{:03o}", byte);
        else if (letter == '\'' || letter == '\\')
            quoted += std::string("\\") + letter;
        else
            quoted += letter;
    }
    return quoted + "'";
}

}  // namespace postrider::core
