// Containers are named by brand and document type, and the two small parsers of file heads survive
// any bytes.
#include "container.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace postrider::probe {
namespace {

std::vector<unsigned char> bytes(std::string const& text) {
    return {text.begin(), text.end()};
}

std::vector<unsigned char> ebml_head(std::string const& type) {
    std::vector<unsigned char> head = {
        0x1A, 0x45, 0xDF, 0xA3, static_cast<unsigned char>(0x80 + 4 + 3 + type.size())};
    for (unsigned char const byte : {0x42, 0x86, 0x81, 0x01})
        head.push_back(byte);  // EBMLVersion 1
    for (unsigned char const byte : {0x42, 0x82}) head.push_back(byte);
    head.push_back(static_cast<unsigned char>(0x80 + type.size()));
    head.insert(head.end(), type.begin(), type.end());
    return head;
}

std::string const mov_demuxer = "mov,mp4,m4a,3gp,3g2,mj2";

TEST(Container, BrandTellsMp4FromMov) {
    EXPECT_EQ(container_of({mov_demuxer, "isom", "", true}).name, "mp4");
    EXPECT_EQ(container_of({mov_demuxer, "mp42", "", true}).mime, "video/mp4");
    EXPECT_EQ(container_of({mov_demuxer, "qt  ", "", true}).name, "mov");
    EXPECT_EQ(container_of({mov_demuxer, "", "", true}).name, "mov");
    EXPECT_EQ(container_of({mov_demuxer, "M4A ", "", false}).mime, "audio/mp4");
}

TEST(Container, DocumentTypeTellsWebmFromMatroska) {
    EXPECT_EQ(container_of({"matroska,webm", "", "webm", true}).name, "webm");
    EXPECT_EQ(container_of({"matroska,webm", "", "matroska", true}).name, "mkv");
    EXPECT_EQ(container_of({"matroska,webm", "", "", true}).name, "mkv");
}

TEST(Container, PicturesAreKnownAsPictures) {
    for (std::string const demuxer : {"jpeg_pipe", "png_pipe", "webp_pipe", "gif"})
        EXPECT_TRUE(container_of({demuxer, "", "", true}).is_image) << demuxer;
    EXPECT_TRUE(container_of({mov_demuxer, "heic", "", true}).is_image);
}

TEST(DocType, IsReadFromTheHead) {
    EXPECT_EQ(doc_type(ebml_head("webm")), "webm");
    EXPECT_EQ(doc_type(ebml_head("matroska")), "matroska");
}

TEST(DocType, IsEmptyForAnyCutOrForeignHead) {
    auto const whole = ebml_head("webm");
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_EQ(doc_type(std::span(whole).first(size)), "") << size;
    EXPECT_EQ(doc_type(bytes("RIFF....WEBPVP8X")), "");
    EXPECT_EQ(doc_type(std::vector<unsigned char>(64, 0xFF)), "");
}

TEST(WebpCanvas, IsReadFromTheExtendedHead) {
    auto head = bytes(std::string("RIFF....WEBPVP8X") + std::string(14, '\0'));
    head[24] = 0x67;  // 359 + 1
    head[25] = 0x01;
    head[27] = 0x7F;  // 639 + 1
    head[28] = 0x02;

    auto const [width, height] = webp_canvas(head);

    EXPECT_EQ(width, 360);
    EXPECT_EQ(height, 640);
    EXPECT_EQ(webp_canvas(std::span(head).first(29)).width, 0);
}

TEST(AllowedDemuxers, ListsOfOtherFilesAreNotAmongThem) {
    EXPECT_TRUE(is_allowed(mov_demuxer));
    EXPECT_TRUE(is_allowed("matroska,webm"));
    EXPECT_TRUE(is_allowed("gif"));
    for (std::string const demuxer :
         {"hls", "dash", "concat", "imf", "image2", "tee", "", "mov,hls"})
        EXPECT_FALSE(is_allowed(demuxer)) << demuxer;
}

}  // namespace
}  // namespace postrider::probe
