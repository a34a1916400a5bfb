// Names of containers: from what the parser found and the file's first bytes to our word and its
// media type.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace postrider::probe {

struct Container {
    std::string name;  ///< `mp4`, `mov`, `webm`, `mkv`, `jpeg`, ...
    std::string mime;
    bool is_image = false;
};

/// What the parser and the first bytes say about a file.
struct ContainerClues {
    std::string_view demuxer;      ///< libavformat's name, such as `matroska,webm`
    std::string_view major_brand;  ///< four letters of an ISO file's `ftyp`; empty when it has none
    std::string_view doc_type;     ///< of an EBML file
    bool has_video = false;
};

Container container_of(ContainerClues const& clues);

/// The DocType of an EBML (Matroska, WebM) file's head, or empty.
std::string doc_type(std::span<unsigned char const> head);

/// Width and height of a WebP file as its head declares them, or zeros. Moving WebP is not
/// understood by the parser.
struct Size {
    int width = 0;
    int height = 0;
};
Size webp_canvas(std::span<unsigned char const> head);

/// Demuxers that may be used. Lists of other files (HLS, DASH, concat) are not among them and must
/// never be.
inline constexpr char const* allowed_demuxers =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,ogg,mp3,wav,flv,jpeg_pipe,png_pipe,webp_pipe,"
    "gif";

/// Whether the demuxer (a name, or several parted by commas) is one of the allowed.
bool is_allowed(std::string_view demuxer);

}  // namespace postrider::probe
