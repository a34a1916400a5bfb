// Builds one ffmpeg command out of everything that is wrong with a file.
#include "mending.hpp"

#include <postrider/core/media_rules.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <vector>

namespace postrider::core {
namespace {

using adapter::MediaFacts;
using adapter::MediaRules;
using adapter::PostKind;

bool is_allowed(std::vector<std::string> const& list, std::string_view word) {
    return list.empty() || std::find(list.begin(), list.end(), word) != list.end();
}

/// The first of ours, in order of preference, that the rules allow; the first of all when they
/// allow none.
template <std::size_t size>
std::string_view preferred(std::string_view const (&ours)[size],
                           std::vector<std::string> const& allowed) {
    for (std::string_view const word : ours)
        if (is_allowed(allowed, word)) return word;
    return ours[0];
}

std::string output_path(MediaFacts const& facts, std::string_view extension) {
    std::filesystem::path path = facts.path;
    path.replace_filename(path.stem().string() + ".fixed." + std::string(extension));
    return path.string();
}

/// A path that no option can be mistaken for.
std::string quoted_path(std::string path) {
    if (!path.starts_with('/')) path.insert(0, "./");
    return shell_quoted(path);
}

int even(double pixels, bool up) {
    int const halves =
        static_cast<int>(up ? std::ceil(pixels / 2 - 1e-6) : std::floor(pixels / 2 + 1e-6));
    return std::max(2, halves * 2);
}

/// Scaled with its proportions kept; where no scale can make both sides fit, black bars widen the
/// short one.
std::string size_filter(MediaFacts const& facts, MediaRules const& rules) {
    double const shorter = std::min(facts.width, facts.height);
    double const longer = std::max(facts.width, facts.height);
    double factor = 1;
    if (rules.side_max > 0 && longer > rules.side_max)
        factor = rules.side_max / longer;
    else if (rules.side_min > 0 && shorter < rules.side_min)
        factor = rules.side_min / shorter;
    if (rules.side_max > 0) factor = std::min(factor, rules.side_max / longer);
    int const width = even(facts.width * factor, factor > 1);
    int const height = even(facts.height * factor, factor > 1);
    std::string filter = fmt::format("scale={}:{}", width, height);
    int const padded_width = std::max(width, even(rules.side_min, true));
    int const padded_height = std::max(height, even(rules.side_min, true));
    if (padded_width != width || padded_height != height)
        filter += fmt::format(",pad={}:{}:(ow-iw)/2:(oh-ih)/2", padded_width, padded_height);
    return filter;
}

/// A usual rate within the bounds, as near as may be.
double mended_rate(MediaFacts const& facts, MediaRules const& rules) {
    if (rules.frame_rate_max > 0 && facts.frame_rate > rules.frame_rate_max)
        return rules.frame_rate_max;
    for (double const usual : {24.0, 25.0, 30.0, 60.0})
        if (usual >= rules.frame_rate_min) return usual;
    return std::ceil(rules.frame_rate_min);
}

std::string seconds_text(std::int64_t milliseconds) {
    if (milliseconds % 1000 == 0) return fmt::format("{}", milliseconds / 1000);
    return fmt::format("{}.{:03}", milliseconds / 1000, milliseconds % 1000);
}

std::string photo_command(MediaFacts const& facts, MediaRules const& rules, Faults const& faults) {
    static constexpr std::string_view ours[] = {"jpeg", "webp", "png"};
    std::string_view const type = preferred(ours, rules.containers);
    std::string command = fmt::format("ffmpeg -i {}", quoted_path(facts.path));
    if (faults.side) command += fmt::format(" -vf {}", shell_quoted(size_filter(facts, rules)));
    command += " -frames:v 1 -update 1";
    // Quality is the only lever on a photo's size; a small one is tried first.
    if (type == "jpeg") command += faults.size ? " -q:v 6" : " -q:v 2";
    if (type == "webp") command += faults.size ? " -quality 60" : " -quality 90";
    return command + " " + quoted_path(output_path(facts, type == "jpeg" ? "jpg" : type));
}

struct Encoder {
    std::string_view codec;
    std::string_view video;
    std::string_view audio;
};

Encoder encoder_for(std::string_view codec, std::string_view container) {
    std::string_view const audio = container == "webm" ? "libopus" : "aac";
    if (codec == "hevc") return {codec, "-c:v libx265 -tag:v hvc1 -pix_fmt yuv420p", audio};
    if (codec == "vp9") return {codec, "-c:v libvpx-vp9 -pix_fmt yuv420p", audio};
    if (codec == "vp8") return {codec, "-c:v libvpx -pix_fmt yuv420p", audio};
    return {"h264", "-c:v libx264 -pix_fmt yuv420p", audio};
}

/// Kilobits a second for picture and sound together, so that the file ends a little below the
/// bound.
std::int64_t bit_rate_k(MediaFacts const& facts, MediaRules const& rules, Faults const& faults) {
    auto const duration_ms =
        std::max<std::int64_t>(1, faults.cut_to_ms.value_or(facts.duration_ms));
    double const bits = static_cast<double>(size_bytes_aim(rules)) * 8 * 0.9;
    return std::max<std::int64_t>(
        64, static_cast<std::int64_t>(bits / static_cast<double>(duration_ms)));
}

}  // namespace

std::uint64_t size_bytes_aim(MediaRules const& rules) {
    if (rules.size_bytes_warn > 0 && rules.size_bytes_max > 0)
        return std::min(rules.size_bytes_warn, rules.size_bytes_max);
    return std::max(rules.size_bytes_warn, rules.size_bytes_max);
}

std::string mending_command(MediaFacts const& facts,
                            MediaRules const& rules,
                            Faults const& faults) {
    if (!faults.any() || faults.hopeless || facts.path.empty()) return {};
    if (rules.kind == PostKind::photo) return photo_command(facts, rules, faults);

    static constexpr std::string_view containers[] = {"mp4", "mov", "webm"};
    static constexpr std::string_view codecs[] = {"h264", "hevc", "vp9", "vp8"};
    static constexpr std::string_view webm_codecs[] = {"vp9", "vp8"};
    std::string_view const container = preferred(containers, rules.containers);
    std::string_view const codec = container == "webm" ? preferred(webm_codecs, rules.video_codecs)
                                                       : preferred(codecs, rules.video_codecs);

    std::string command = fmt::format("ffmpeg -i {}", quoted_path(facts.path));
    if (faults.cut_to_ms) command += fmt::format(" -t {}", seconds_text(*faults.cut_to_ms));
    bool const pictures_change =
        faults.video_codec || faults.side || faults.frame_rate || faults.size;
    if (!pictures_change) {
        // Nothing is encoded anew: quick, and without loss. Sound that the container cannot hold
        // is.
        command += container == "webm" ? " -c:v copy -c:a libopus" : " -c:v copy -c:a aac";
    } else {
        Encoder const encoder = encoder_for(codec, container);
        if (faults.side) command += fmt::format(" -vf {}", shell_quoted(size_filter(facts, rules)));
        if (faults.frame_rate) command += fmt::format(" -r {:g}", mended_rate(facts, rules));
        command += fmt::format(" {}", encoder.video);
        if (faults.size) {
            auto const rate = bit_rate_k(facts, rules, faults);
            command += fmt::format(" -b:v {0}k -maxrate {0}k -bufsize {1}k", rate, rate * 2);
        }
        command += fmt::format(" -c:a {}", encoder.audio);
    }
    if (container != "webm") command += " -movflags +faststart";
    return command + " " + quoted_path(output_path(facts, container));
}

}  // namespace postrider::core
