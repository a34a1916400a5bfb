// Lengths in the units of networks, and suggestions for misspelt names.
#include <postrider/suggest.hpp>
#include <postrider/text_length.hpp>

#include <gtest/gtest.h>

namespace postrider {
namespace {

struct Lengths {
    std::size_t bytes, points, utf16, graphemes;
    bool operator==(Lengths const&) const = default;
};

std::ostream& operator<<(std::ostream& out, Lengths const& lengths) {
    return out << lengths.bytes << " bytes, " << lengths.points << " points, " << lengths.utf16
               << " utf16, " << lengths.graphemes << " graphemes";
}

Lengths lengths(std::string_view text) {
    return {text_length(text, TextUnit::byte),
            text_length(text, TextUnit::code_point),
            text_length(text, TextUnit::utf16),
            text_length(text, TextUnit::grapheme)};
}

TEST(TextLength, PlainTextIsTheSameInEveryUnit) {
    EXPECT_EQ(lengths(""), (Lengths{0, 0, 0, 0}));
    EXPECT_EQ(lengths("bread #spring"), (Lengths{13, 13, 13, 13}));
}

TEST(TextLength, BytesAndUtf16DifferOutsideAscii) {
    EXPECT_EQ(lengths("é"), (Lengths{2, 1, 1, 1}));
    EXPECT_EQ(lengths("日本"), (Lengths{6, 2, 2, 2}));
    EXPECT_EQ(lengths("🍞"), (Lengths{4, 1, 2, 1}));
}

TEST(TextLength, CombiningMarksBelongToTheirLetter) {
    EXPECT_EQ(lengths("e\u0301"), (Lengths{3, 2, 2, 1}));
    EXPECT_EQ(text_length("हिन्दी", TextUnit::code_point), 6U);
    EXPECT_EQ(text_length("กำ", TextUnit::grapheme), 1U);
}

TEST(TextLength, SkinTonesAndVariationSelectorsBelongToTheirPicture) {
    EXPECT_EQ(lengths("👍🏽"), (Lengths{8, 2, 4, 1}));
    EXPECT_EQ(lengths("❤\uFE0F"), (Lengths{6, 2, 2, 1}));
}

TEST(TextLength, JoinedPicturesAreOne) {
    EXPECT_EQ(text_length("👨‍👩‍👧‍👦", TextUnit::grapheme), 1U);
    EXPECT_EQ(text_length("👨‍👩‍👧‍👦", TextUnit::utf16), 11U);
    EXPECT_EQ(text_length("🏳️‍🌈", TextUnit::grapheme), 1U);
    EXPECT_EQ(text_length("a\u200D👩", TextUnit::grapheme), 2U) << "only pictures are glued";
}

TEST(TextLength, RegionalLettersPairUp) {
    EXPECT_EQ(text_length("🇫🇷", TextUnit::grapheme), 1U);
    EXPECT_EQ(text_length("🇫🇷🇩🇪", TextUnit::grapheme), 2U);
    EXPECT_EQ(text_length("🇫🇷🇩", TextUnit::grapheme), 2U);
    EXPECT_EQ(text_length("🇫a🇷", TextUnit::grapheme), 3U);
}

TEST(TextLength, LineEndsOfTwoCharactersAreOne) {
    EXPECT_EQ(text_length("a\r\nb", TextUnit::grapheme), 3U);
    EXPECT_EQ(text_length("a\n\rb", TextUnit::grapheme), 4U);
    EXPECT_EQ(text_length("\n\u0301", TextUnit::grapheme), 2U);
}

TEST(TextLength, HangulSyllablesInPiecesAreOne) {
    EXPECT_EQ(text_length("\u1112\u1161\u11AB", TextUnit::grapheme), 1U);
    EXPECT_EQ(text_length("한글", TextUnit::grapheme), 2U);
}

TEST(TextLength, IllFormedBytesCountOneEach) {
    EXPECT_EQ(lengths("a\xFF\xFE"), (Lengths{3, 3, 3, 3}));
    EXPECT_EQ(lengths("\xE2\x82"), (Lengths{2, 2, 2, 2}));
    EXPECT_EQ(lengths("\xF0\x9F\x8D"), (Lengths{3, 3, 3, 3}));
}

TEST(Utf8, RefusesWhatTheStandardRefuses) {
    EXPECT_TRUE(is_valid_utf8(""));
    EXPECT_TRUE(is_valid_utf8("crème 🍮"));
    EXPECT_FALSE(is_valid_utf8("\xC0\xAF")) << "overlong";
    EXPECT_FALSE(is_valid_utf8("\xE0\x80\xAF")) << "overlong";
    EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80")) << "surrogate";
    EXPECT_FALSE(is_valid_utf8("\xF4\x90\x80\x80")) << "beyond the last character";
    EXPECT_FALSE(is_valid_utf8("\x80"));
    EXPECT_FALSE(is_valid_utf8("abc\xE2"));
}

TEST(NearestName, FindsMisspellings) {
    std::vector<std::string> const known{"accounts", "caption", "when", "key", "media"};

    EXPECT_EQ(nearest_name("acounts", known), "accounts");
    EXPECT_EQ(nearest_name("captoin", known), "caption");
    EXPECT_EQ(nearest_name("capshun", known), "") << "three edits";
    EXPECT_EQ(nearest_name("wehn", known), "when");
    EXPECT_EQ(nearest_name("medias", known), "media");
    EXPECT_EQ(nearest_name("when", known), "when");
}

TEST(NearestName, ShortNamesGetOneEdit) {
    std::vector<std::string> const known{"key", "at"};

    EXPECT_EQ(nearest_name("kye", known), "key");
    EXPECT_EQ(nearest_name("kex", known), "key");
    EXPECT_EQ(nearest_name("abx", known), "");
    EXPECT_EQ(nearest_name("x", known), "");
    EXPECT_EQ(nearest_name("", known), "");
}

TEST(NearestName, TakesTheNearerAndThenTheFirst) {
    std::vector<std::string> const known{"routed", "route", "routes"};

    EXPECT_EQ(nearest_name("route", known), "route");
    EXPECT_EQ(nearest_name("routex", known), "routed");
    EXPECT_EQ(nearest_name("routex", {}), "");
}

}  // namespace
}  // namespace postrider
