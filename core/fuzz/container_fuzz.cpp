// The first bytes of a stranger's file, as far as the probe reads them itself.
#include "media/probe/container.hpp"
#include "promise.hpp"

#include <algorithm>

using namespace postrider;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    std::span<unsigned char const> const head(data, size);
    auto const type = probe::doc_type(head);
    fuzz::promise(type.size() <= size, "a type is part of the head", type);
    auto const canvas = probe::webp_canvas(head);
    fuzz::promise(canvas.width >= 0 && canvas.height >= 0, "no side is negative", text);
    probe::ContainerClues clues;
    auto const cut = std::min(text.find('\n'), text.size());
    clues.demuxer = text.substr(0, cut);
    clues.major_brand = text.substr(0, std::min<std::size_t>(4, text.size()));
    clues.doc_type = type;
    clues.has_video = size % 2 == 0;
    auto const container = probe::container_of(clues);
    fuzz::promise(!probe::is_allowed("concat") && !probe::is_allowed("hls"),
                  "lists of other files are not read",
                  container.name);
    return 0;
}
