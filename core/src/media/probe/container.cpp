// Containers by brand, document type and demuxer name; two very small parsers of file heads.
#include "container.hpp"

#include <cstdint>
#include <optional>

namespace postrider::probe {
namespace {

Container iso_container(std::string_view brand, bool has_video) {
    // Files without `ftyp` are older than the box: QuickTime.
    if (brand.empty() || brand == "qt  ") return {"mov", "video/quicktime", false};
    if (brand == "M4A " || brand == "M4B ") return {"m4a", "audio/mp4", false};
    if (brand == "avif" || brand == "avis") return {"avif", "image/avif", true};
    if (brand == "heic" || brand == "heix" || brand == "mif1" || brand == "msf1")
        return {"heif", "image/heif", true};
    if (brand.starts_with("3g2")) return {"3g2", "video/3gpp2", false};
    if (brand.starts_with("3g")) return {"3gp", "video/3gpp", false};
    return {"mp4", has_video ? "video/mp4" : "audio/mp4", false};
}

/// Reads EBML's self-delimiting numbers.
class EbmlReader {
 public:
    explicit EbmlReader(std::span<unsigned char const> bytes) : bytes_(bytes) {}

    /// An element's identifier, its length marker kept, or nothing at the end.
    std::optional<std::uint64_t> identifier() { return number(true); }
    std::optional<std::uint64_t> length() { return number(false); }
    std::optional<std::span<unsigned char const>> take(std::uint64_t size) {
        if (size > bytes_.size()) return std::nullopt;
        auto const taken = bytes_.first(static_cast<std::size_t>(size));
        bytes_ = bytes_.subspan(static_cast<std::size_t>(size));
        return taken;
    }

 private:
    std::optional<std::uint64_t> number(bool keep_marker) {
        if (bytes_.empty() || bytes_[0] == 0) return std::nullopt;
        std::size_t size = 1;
        unsigned char marker = 0x80;
        while ((bytes_[0] & marker) == 0) {
            marker >>= 1;
            ++size;
        }
        auto const bytes = take(size);
        if (!bytes) return std::nullopt;
        std::uint64_t value = keep_marker ? (*bytes)[0] : (*bytes)[0] & (marker - 1u);
        for (unsigned char const byte : bytes->subspan(1)) value = value << 8 | byte;
        return value;
    }

    std::span<unsigned char const> bytes_;
};

std::string_view text_of(std::span<unsigned char const> bytes) {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

}  // namespace

Container container_of(ContainerClues const& clues) {
    std::string_view const demuxer = clues.demuxer;
    bool const video = clues.has_video;
    if (demuxer.starts_with("mov,")) return iso_container(clues.major_brand, video);
    if (demuxer.starts_with("matroska")) {
        if (clues.doc_type == "webm") return {"webm", video ? "video/webm" : "audio/webm", false};
        return {"mkv", video ? "video/x-matroska" : "audio/x-matroska", false};
    }
    if (demuxer == "avi") return {"avi", "video/x-msvideo", false};
    if (demuxer == "mpegts") return {"mpegts", "video/mp2t", false};
    if (demuxer == "ogg") return {"ogg", video ? "video/ogg" : "audio/ogg", false};
    if (demuxer == "mp3") return {"mp3", "audio/mpeg", false};
    if (demuxer == "wav") return {"wav", "audio/wav", false};
    if (demuxer == "flv") return {"flv", "video/x-flv", false};
    if (demuxer == "jpeg_pipe") return {"jpeg", "image/jpeg", true};
    if (demuxer == "png_pipe") return {"png", "image/png", true};
    if (demuxer == "webp_pipe") return {"webp", "image/webp", true};
    if (demuxer == "gif") return {"gif", "image/gif", true};
    return {std::string(demuxer), "application/octet-stream", false};
}

std::string doc_type(std::span<unsigned char const> head) {
    constexpr std::uint64_t ebml_header = 0x1A45DFA3;
    constexpr std::uint64_t doc_type_element = 0x4282;

    EbmlReader file(head);
    if (file.identifier() != ebml_header) return {};
    auto const header_size = file.length();
    if (!header_size) return {};
    auto const header = file.take(*header_size);
    if (!header) return {};
    EbmlReader reader(*header);
    for (;;) {
        auto const identifier = reader.identifier();
        auto const size = identifier ? reader.length() : std::nullopt;
        auto const content = size ? reader.take(*size) : std::nullopt;
        if (!content) return {};
        if (*identifier != doc_type_element) continue;
        std::string_view const text = text_of(*content);
        return std::string(text.substr(0, text.find('\0')));
    }
}

Size webp_canvas(std::span<unsigned char const> head) {
    // RIFF, size, "WEBP", then "VP8X", its size, flags, and two 24-bit numbers that are one less
    // than what they mean.
    constexpr std::size_t needed = 30;
    if (head.size() < needed) return {};
    std::string_view const text = text_of(head);
    if (text.substr(0, 4) != "RIFF" || text.substr(8, 8) != "WEBPVP8X") return {};
    auto const number = [&](std::size_t at) {
        return 1 + head[at] + (head[at + 1] << 8) + (head[at + 2] << 16);
    };
    return {number(24), number(27)};
}

bool is_allowed(std::string_view demuxer) {
    auto const contains = [](std::string_view list, std::string_view name) {
        while (!list.empty()) {
            auto const comma = list.find(',');
            if (list.substr(0, comma) == name) return true;
            if (comma == std::string_view::npos) break;
            list.remove_prefix(comma + 1);
        }
        return false;
    };
    while (!demuxer.empty()) {
        auto const comma = demuxer.find(',');
        if (!contains(allowed_demuxers, demuxer.substr(0, comma))) return false;
        if (comma == std::string_view::npos) return true;
        demuxer.remove_prefix(comma + 1);
    }
    return false;
}

}  // namespace postrider::probe
