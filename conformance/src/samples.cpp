// Posts made from a descriptor alone.
#include <postrider/conformance/suite.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

namespace postrider::conformance {

using namespace adapter;

namespace {

constexpr std::uint64_t file_size = 1'200;  // small, so that it is sent as a whole

template <class List, class Value>
bool allows(List const& list, Value value) {
    return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

// The first value of each choice, and no to each question: what a person would have written.
boost::json::object choices(Descriptor const& d, PostKind kind, Deliver deliver) {
    boost::json::object chosen;
    for (auto const& option : d.options) {
        if (!option.reserved || !allows(option.kinds, kind) || !allows(option.deliver, deliver))
            continue;
        if (option.type == OptionType::choice && !option.values.empty())
            chosen[option.name] = option.values.front().value;
        else if (option.type == OptionType::boolean)
            chosen[option.name] = false;
        else
            chosen[option.name] = option.integer_min;
    }
    return chosen;
}

MediaFacts made_up(PostKind kind, MediaRules const* rules) {
    bool const video = kind == PostKind::video;
    MediaFacts media;
    media.kind = video ? "video" : "image";
    media.container = rules && !rules->containers.empty() ? rules->containers.front()
                      : video                             ? "mp4"
                                                          : "jpeg";
    media.mime = media.kind + "/" + media.container;
    media.width = 1'080;
    media.height = video ? 1'920 : 1'080;
    if (rules && rules->side_max > 0) media.height = std::min(media.height, rules->side_max);
    if (!video) return media;
    media.video_codec =
        rules && !rules->video_codecs.empty() ? rules->video_codecs.front() : "h264";
    media.duration_ms = 3'000;
    media.frame_rate = 30;
    return media;
}

void add_media(Post& post,
               MediaRules const* rules,
               std::filesystem::path const& folder,
               std::string const& media_url) {
    bool const fetched = rules && rules->url_only;
    int const count = post.kind == PostKind::photo ? std::min(2, rules ? rules->count_max : 1) : 1;
    for (int i = 0; i < count; ++i) {
        auto media = made_up(post.kind, rules);
        auto const name = fmt::format("kit{}.{}", i, media.container);
        if (fetched) {
            media.url = fmt::format("{}/{}", media_url, name);
        } else {
            auto const path = folder / name;
            std::string bytes;
            for (std::uint64_t at = 0; at < file_size; ++at)
                bytes.push_back(static_cast<char>((at * 31 + static_cast<std::uint64_t>(i)) % 251));
            std::ofstream(path, std::ios::binary) << bytes;
            media.path = path.string();
            media.size_bytes = file_size;
        }
        post.media.push_back(std::move(media));
    }
}

}  // namespace

std::vector<Sample> make_samples(Descriptor const& descriptor,
                                 std::filesystem::path const& folder,
                                 std::string const& media_url) {
    std::vector<Sample> samples;
    for (auto const kind : descriptor.kinds)
        for (auto const deliver : {Deliver::direct, Deliver::inbox}) {
            if (!allows(descriptor.deliver, deliver)) continue;
            Sample sample;
            sample.name = word(kind);
            if (deliver != Deliver::direct) sample.name += fmt::format("_{}", word(deliver));
            sample.post.kind = kind;
            sample.post.deliver = deliver;
            sample.post.options = choices(descriptor, kind, deliver);
            if (find_text(descriptor, "caption", kind)) sample.post.caption = "A post for the kit";
            if (find_text(descriptor, "title", kind)) sample.post.title = "For the kit";
            if (kind != PostKind::text)
                add_media(sample.post, find_media_rules(descriptor, kind), folder, media_url);
            samples.push_back(std::move(sample));
        }
    return samples;
}

}  // namespace postrider::conformance
